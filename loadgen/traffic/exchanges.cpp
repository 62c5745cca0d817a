// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/exchanges.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "client/error.hpp"
#include "http/message/request_timeout.hpp"
#include "http/message/serializer.hpp"
#include "loadgen/traffic/arrival.hpp"

namespace loadgen {
namespace {

// What the buffer of a socket takes at once, at the very least.
constexpr std::size_t taken_at_once = 4096;

std::string serialize(const Plan& plan, http::OutgoingRequest message) {
  const auto timeout =
      std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(plan.timeout).count());
  if (!message.headers.find(http::request_timeout_field)) {
    message.headers.add(std::string(http::request_timeout_field),
                        std::to_string(std::min<std::int64_t>(timeout, 9'999'999'999)));
  }
  if (!message.headers.find("User-Agent")) message.headers.add("User-Agent", "leash-load");
  message.close = !plan.keep_alive;
  std::string bytes;
  http::append_request(bytes, message);
  return bytes;
}

// Bodies are dropped at once, so their size is not limited.
http::ResponseLimits response_limits() {
  http::ResponseLimits limits;
  limits.body_bytes = std::numeric_limits<std::uint64_t>::max();
  return limits;
}

}  // namespace

bool is_own_limit(const std::error_code& error) noexcept {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system ||
         error == std::errc::address_not_available;
}

Exchanges::Link::Link(Exchanges& exchanges)
    : connection_(exchanges.loop_.io(), response_limits(), exchanges.plan_.tls), all_(exchanges.connected_) {
  if (exchanges.plan_.stamped) connection_.note_arrivals();
}

Exchanges::Exchanges(leash::Loop& loop, const Plan& plan) : loop_(loop), plan_(plan), origin_(plan.origin()) {
  std::vector<http::OutgoingRequest> messages = plan.messages;
  if (messages.empty()) {
    messages.emplace_back();
    messages.back().target = plan.url.target;
    messages.back().host = plan.url.authority();
  }
  for (const http::OutgoingRequest& message : messages) {
    outgoing_.push_back({serialize(plan, message),
                         message.method == "HEAD" ? http::RequestKind::head : http::RequestKind::other});
    sent_at_once_ = sent_at_once_ && outgoing_.back().bytes.size() <= taken_at_once;
  }
}

RequestCounts Exchanges::counts() const {
  RequestCounts counts = counts_;
  for (std::size_t status = 0; status < by_status_.size(); ++status) {
    if (by_status_[status] > 0) counts.by_status[std::to_string(status)] = by_status_[status];
  }
  for (const auto& [error, count] : errors_) counts.by_error[error.message()] += count;
  return counts;
}

void Exchanges::write_to(RunResult& result) const {
  result.requests = counts();
  result.latency = latency_;
  result.ok_latency = ok_latency_;
  result.in_line = in_line_;
  result.service = service_;
  result.evidence.requests_sent = sent_in_all_;
  result.evidence.responses = responses_in_all_;
  result.evidence.measured = result.requests.sent;
  result.evidence.succeeded = result.requests.ok;
}

void Exchanges::note_unsent(leash::TimePoint due, leash::TimePoint ended) {
  ++unsent_;
  latency_.record(ended - due);
  in_line_.record(ended - due);
}

leash::Task<leash::Result<>> Exchanges::connect(leash::Context ctx, Link& link) {
  client::Connection& connection = link.connection_;
  if (!origin_.unix_socket.empty()) co_return co_await connection.connect(ctx, origin_);
  if (endpoints_.empty()) {
    auto resolved = co_await client::resolve(ctx, loop_.io(), origin_.host, origin_.port);
    if (!resolved) co_return std::unexpected(resolved.error());
    endpoints_ = *std::move(resolved);
  }
  auto connected = co_await connection.connect(ctx, origin_, endpoints_);
  if (!connected) endpoints_.clear();  // the address of the name may have changed
  co_return connected;
}

leash::Task<leash::Result<>> Exchanges::run(leash::Context ctx, Link& link, Due due) {
  ++interval_.sent;
  ++in_flight_;
  if (due.measured) ++counts_.sent;
  client::Connection& connection = link.connection_;
  const Outgoing& outgoing = outgoing_[next_outgoing_];
  next_outgoing_ = (next_outgoing_ + 1) % outgoing_.size();
  const auto limited = leash::with_timeout(ctx, plan_.timeout);
  const bool leaves =
      plan_.abort_share > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < plan_.abort_share;
  bool left = false;
  const std::uint64_t sent_before = connection.bytes_sent();
  const std::uint64_t received_before = connection.bytes_received();
  // Bytes that arrived while the connection was idle are no response to this request, for example a 408.
  if (leaves && connection.is_open() && !connection.is_fresh()) connection.close();
  for (bool again = false;;) {
    const bool is_new = !connection.is_open();
    if (is_new) {
      ++connecting_;
      auto connected = co_await connect(limited.ctx, link);
      --connecting_;
      link.count(connection.is_open());
      if (!connected) {
        note(connected, link, false, due);
        co_return connected;
      }
    }
    ++sent_in_all_;
    due.sent_at = loop_.now();
    const std::uint64_t bytes_before = connection.bytes_sent();
    leash::Result<> done;
    if (!leaves) {
      done = co_await connection.exchange(limited.ctx, outgoing.bytes, outgoing.kind, nullptr);
    } else {
      done = co_await connection.send(limited.ctx, outgoing.bytes);
      if (done) done = co_await receive_or_leave(limited.ctx, connection, outgoing.kind, left);
    }
    if (done && plan_.abort_share > 0) answered_.record(loop_.now() - *due.sent_at);
    if (!done && done.error() == client::errc::refused) {
      if (!is_new && connection.bytes_sent() == bytes_before) {  // it was not fresh
        --sent_in_all_;
        due.sent_at.reset();
        continue;
      }
      if (due.measured) ++counts_.refused;
      if (!std::exchange(again, true)) continue;
    }
    if (due.measured) {
      counts_.bytes_sent += static_cast<std::int64_t>(connection.bytes_sent() - sent_before);
      counts_.bytes_received += static_cast<std::int64_t>(connection.bytes_received() - received_before);
    }
    if (!plan_.keep_alive) connection.close();
    link.count(connection.is_open());
    note(done, link, left, due);
    co_return leash::Result<>();
  }
}

// A client that disconnects at a random moment, unless the response comes first.
leash::Task<leash::Result<>> Exchanges::receive_or_leave(leash::Context ctx, client::Connection& connection,
                                                         http::RequestKind kind, bool& left) {
  const auto patience = leash::with_timeout(ctx, moment_to_leave());
  auto done = co_await connection.receive(patience.ctx, kind, nullptr);
  // The error tells it, not the state of `patience`: an operation that starts with no time left fails before that
  // state changes.
  left =
      !done && done.error() == leash::errc::deadline_exceeded && *ctx.remaining() > leash::Duration::zero();
  co_return done;
}

leash::Duration Exchanges::moment_to_leave() {
  if (answered_.count() >= median_of_ + std::max<std::uint64_t>(100, median_of_ / 4)) {
    median_of_ = answered_.count();
    median_ = answered_.at_quantile(0.5);
  }
  const auto most = std::max<leash::Duration::rep>(median_.count(), 1);
  return leash::Duration(std::uniform_int_distribution<leash::Duration::rep>(1, most)(random_));
}

void Exchanges::note_own_limit(const std::error_code& error, const Due& due) {
  if (!due.measured) return;
  const bool ports = error == std::errc::address_not_available;
  ++(ports ? no_ports_ : no_descriptors_);
  --counts_.sent;
  ++unsent_;
}

void Exchanges::note(const leash::Result<>& outcome, const Link& link, bool left, const Due& due) {
  const int status = outcome ? link.connection_.head().status : 0;
  const bool ok = outcome && status >= 200 && status < 300;
  --in_flight_;
  if (!outcome && !due.sent_at && is_own_limit(outcome.error())) {
    note_own_limit(outcome.error(), due);
    return;
  }
  leash::TimePoint end = loop_.now();
  if (outcome) {
    const auto since_arrival = link.connection_.since_arrival();
    end = arrival(*due.sent_at, end, since_arrival);
    stamped_ = since_arrival.has_value();
    in_pieces_ = in_pieces_ || !link.connection_.came_at_once();
  }
  // A failed connection has no latency, but a timeout while connecting has.
  const bool timed =
      !left && (due.sent_at || (!outcome && outcome.error() == leash::errc::deadline_exceeded));
  if (outcome) ++responses_in_all_;
  if (timed) interval_.latency.record(end - due.at);
  if (ok) ++interval_.ok;
  if (!ok && !left) ++interval_.errors;
  if (!due.measured) return;
  if (timed) latency_.record(end - due.at);
  if (ok) ok_latency_.record(end - due.at);
  if (timed && plan_.is_open()) in_line_.record(due.started - due.at);
  if (outcome) {
    service_.record(end - due.started);
    ++by_status_[static_cast<std::size_t>(status)];
  } else if (!left) {
    ++errors_[outcome.error()];
  }
  if (left) ++counts_.aborted;
  if (ok) ++counts_.ok;
  if (!ok && !left) ++counts_.errors;
}

}  // namespace loadgen
