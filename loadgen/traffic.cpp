// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>
#include <limits>
#include <utility>

#include "client/error.hpp"
#include "http/message/request_timeout.hpp"
#include "http/message/serializer.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

// A closed loop must not spin when no server listens.
constexpr leash::Duration pause_after_failed_connect = 10ms;

// A wake-up costs more than a request. So requests that are due within this time of each other are sent together, but not
// more than this many, because the server queues them. Below 2,000 requests per second, each is sent at its own time.
constexpr leash::Duration together = 500us;
constexpr std::uint64_t most_together = 16;

// A sleep may end this much too late. With `spin`, this part of it is spent polling.
constexpr leash::Duration polled = 100us;

// How often the delay of this process is measured.
constexpr leash::Duration between_looks = 50ms;

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

// CPU time of this thread.
double processor_seconds() noexcept {
  timespec used{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// Whether it is a limit of this process or machine, not of the server.
bool is_a_limit(const std::error_code& error) noexcept {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system ||
         error == std::errc::address_not_available;
}

// Bodies are dropped at once, so their size is not limited.
http::ResponseLimits response_limits() {
  http::ResponseLimits limits;
  limits.body_bytes = std::numeric_limits<std::uint64_t>::max();
  return limits;
}

}  // namespace

Traffic::Traffic(leash::Loop& loop, const Plan& plan) : loop_(loop), plan_(plan), origin_(plan.origin()) {
  std::vector<http::OutgoingRequest> messages = plan.messages;
  if (messages.empty()) {
    messages.emplace_back();
    messages.back().target = plan.url.target;
    messages.back().host = plan.url.authority();
  }
  for (const http::OutgoingRequest& message : messages) {
    outgoing_.push_back({serialize(plan, message),
                         message.method == "HEAD" ? http::RequestKind::head : http::RequestKind::other});
  }
}

RequestCounts Traffic::counts() const {
  RequestCounts counts = counts_;
  for (std::size_t status = 0; status < by_status_.size(); ++status) {
    if (by_status_[status] > 0) counts.by_status[std::to_string(status)] = by_status_[status];
  }
  for (const auto& [error, count] : errors_) counts.by_error[error.message()] += count;
  return counts;
}

void Traffic::write_to(RunResult& result) const {
  result.requests = counts();
  result.latency = latency_;
  result.ok_latency = ok_latency_;
  result.in_line = in_line_;
  result.service = service_;
  result.elapsed = elapsed();
  result.rate_asked = rate_asked();
  result.rate_reached = rate_reached();
  result.unsent = unsent_;
  result.own = own_;
  result.evidence.requests_sent = sent_in_all_;
  result.evidence.responses = responses_in_all_;
  result.evidence.measured = result.requests.sent;
  result.evidence.succeeded = result.requests.ok;
}

double Traffic::rate_reached() const noexcept {
  const double seconds = units::to_seconds(elapsed());
  return seconds > 0 ? static_cast<double>(counts_.sent) / seconds : 0;
}

std::optional<double> Traffic::rate_asked() const noexcept {
  if (schedule_ && !plan_.rate && elapsed() > leash::Duration::zero())
    return schedule_->rate_between(plan_.warmup, ended_ - start_);
  const auto of_all = plan_.rate_asked();
  if (!of_all) return std::nullopt;
  return *of_all / static_cast<double>(plan_.share.step);
}

TrafficNow Traffic::now() const noexcept {
  const double rate = schedule_ && !paced_ ? schedule_->rate_at(loop_.now() - start_) : 0;
  return {in_flight_, in_line(), connected_, rate};
}

leash::Task<> Traffic::run(leash::Context ctx, leash::Context sending) {
  start_ = loop_.now();
  const double processor_before = processor_seconds();
  measured_from_ = start_ + plan_.warmup;
  // The load ends when `sending` is done, after the plan's duration, or after its last request, whichever is first.
  std::optional<leash::Cancelable> until;
  if (plan_.duration) {
    until.emplace(leash::with_deadline(sending, measured_from_ + *plan_.duration));
  } else {
    until.emplace(leash::with_cancel(sending));
  }
  leash::Scope watching(ctx);
  watching.go(watch_for_delays(watching.ctx()), "delays");
  leash::Scope connections(ctx);
  if (plan_.is_open()) {
    schedule_ = plan_.schedule();
    co_await pace(ctx, until->ctx, connections);
    paced_ = true;
    // After the last request, queued requests are still sent. After the end of the duration, they are not.
    while (in_line() > 0 && !until->ctx.is_done() && connections.live() > 0) {
      const auto slept = co_await leash::sleep(until->ctx, 1ms);
      if (!slept) break;
    }
  } else {
    for (; used_connections_ < plan_.connections; ++used_connections_) {
      connections.go(connection(ctx, until->ctx, std::nullopt), "connection");
    }
    (void)co_await connections.join();
  }
  ended_ = loop_.now();
  note_unsent(until->ctx.is_done());
  until->cancel(leash::errc::finished);
  (void)co_await connections.join();
  const double lasted = units::to_seconds(loop_.now() - start_);
  if (lasted > 0 && !plan_.spin) own_.processor_share = (processor_seconds() - processor_before) / lasted;
  watching.cancel();
  (void)co_await watching.join();
}

// Counts requests that were due at the end and not sent. Queued requests waited for the server, so this time is a part of
// their latency. The others were not sent because this process was delayed.
void Traffic::note_unsent(bool time_is_up) {
  for (std::uint64_t request = line_begin_; request < line_end_; ++request) {
    const leash::TimePoint at = start_ + *schedule_->due(request);
    if (at < measured_from_) continue;
    ++unsent_;
    latency_.record(ended_ - at);
    in_line_.record(ended_ - at);
  }
  line_begin_ = line_end_;
  if (!schedule_ || !time_is_up) return;
  leash::TimePoint end = ended_;
  if (plan_.duration) end = std::min(end, measured_from_ + *plan_.duration);
  const auto due = static_cast<std::int64_t>(schedule_->requests_before(end - start_));
  unsent_ += std::max<std::int64_t>(0, due - static_cast<std::int64_t>(looked_at_));
}

leash::Task<> Traffic::watch_for_delays(leash::Context ctx) {
  for (;;) {
    const leash::TimePoint until = loop_.now() + between_looks;
    const auto slept = co_await leash::sleep(ctx, between_looks);
    if (!slept) co_return;
    if (loop_.now() > measured_from_) own_.held_up = std::max(own_.held_up, loop_.now() - until);
  }
}

// When a request is due, gives it to an idle or a new connection, or queues it.
leash::Task<> Traffic::pace(leash::Context ctx, leash::Context sending, leash::Scope& connections) {
  leash::TimePoint together_until = leash::TimePoint::min();
  std::uint64_t sent_together = 0;
  const std::uint64_t most = std::min(most_together, plan_.connections);
  for (std::uint64_t request = 0;; ++request) {
    const auto due = schedule_->due(request);
    if (!due) {  // all requests were given out: wait for the end
      (void)co_await sending.done();
      co_return;
    }
    const leash::TimePoint at = start_ + *due;
    if (at > together_until || sent_together == most) {
      const leash::Duration early = plan_.spin ? polled : leash::Duration::zero();
      const auto slept = co_await leash::sleep(sending, at - early - loop_.now());
      if (!slept) co_return;
      if (plan_.spin) {
        co_await poll_until(sending, at);
      } else {
        together_until = loop_.now() + together;
      }
      sent_together = 0;
    }
    ++sent_together;
    if (sending.is_done()) co_return;
    if (at >= measured_from_ && plan_.requests && measured_started_ == *plan_.requests) co_return;
    looked_at_ = request + 1;
    if (at >= measured_from_) ++measured_started_;

    if (in_line() == 0) {
      line_begin_ = line_end_ = request;
      if (idle_.try_send(request)) continue;
      if (used_connections_ < plan_.connections) {
        ++used_connections_;
        connections.go(connection(ctx, sending, request), "connection");
        continue;
      }
    }
    line_end_ = request + 1;
    if (at >= measured_from_) ++own_.waited;
  }
}

// Each turn of the loop also looks for responses.
leash::Task<> Traffic::poll_until(leash::Context sending, leash::TimePoint at) {
  while (loop_.now() < at && !sending.is_done()) co_await asio::post(loop_.io(), leash::via(sending));
}

bool Traffic::may_start(const leash::Context& sending) {
  if (sending.is_done()) return false;
  if (!plan_.requests || loop_.now() < measured_from_) return true;
  return measured_started_ < *plan_.requests;
}

leash::Task<> Traffic::connection(leash::Context ctx, leash::Context sending,
                                  std::optional<std::uint64_t> first) {
  client::Connection connection(loop_.io(), response_limits(), plan_.tls);
  Counted counted(connected_);
  std::optional<std::uint64_t> request = first;
  for (;;) {
    Due due{loop_.now(), {}, false};
    if (schedule_) {
      if (!request && in_line() > 0 && !sending.is_done()) request = line_begin_++;
      if (!request) {
        auto next = co_await idle_.receive(sending);
        if (!next) co_return;
        request = *next;
      }
      const leash::TimePoint at = start_ + *schedule_->due(*std::exchange(request, std::nullopt));
      due.measured = at >= measured_from_;
      due.at = std::min(at, loop_.now());  // a request that is sent early has no latency before it is sent
    } else {
      if (!may_start(sending)) co_return;
      due.measured = due.at >= measured_from_;
      if (due.measured) ++measured_started_;
    }
    due.started = loop_.now();
    auto done = co_await exchange(ctx, connection, counted, due);
    counted.set(connection.is_open());
    if (ctx.is_done()) co_return;
    if (!done && !connection.is_open() && (!schedule_ || is_a_limit(done.error()))) {
      const auto slept = co_await leash::sleep(sending, pause_after_failed_connect);
      if (!slept) co_return;
    }
  }
}

leash::Task<leash::Result<>> Traffic::connect(leash::Context ctx, client::Connection& connection) {
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

// Sends one request and receives its response. An error means that no connection could be made.
leash::Task<leash::Result<>> Traffic::exchange(leash::Context ctx, client::Connection& connection,
                                               Counted& counted, Due due) {
  ++interval_.sent;
  ++in_flight_;
  if (due.measured) ++counts_.sent;
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
      auto connected = co_await connect(limited.ctx, connection);
      if (!connected) {
        note(connected, 0, false, due);
        co_return connected;
      }
    }
    counted.set(true);
    const leash::TimePoint sent_at = loop_.now();
    ++sent_in_all_;
    due.was_sent = true;
    const std::uint64_t bytes_before = connection.bytes_sent();
    leash::Result<> done;
    if (!leaves) {
      done = co_await connection.exchange(limited.ctx, outgoing.bytes, outgoing.kind, nullptr);
    } else {
      done = co_await connection.send(limited.ctx, outgoing.bytes);
      if (done) done = co_await receive_or_leave(limited.ctx, connection, outgoing.kind, left);
    }
    if (done && plan_.abort_share > 0) answered_.record(loop_.now() - sent_at);
    if (!done && done.error() == client::errc::refused) {
      if (!is_new && connection.bytes_sent() == bytes_before) {  // it was not fresh
        --sent_in_all_;
        due.was_sent = false;
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
    note(done, done ? connection.head().status : 0, left, due);
    co_return leash::Result<>();
  }
}

// A client that disconnects at a random moment, unless the response comes first.
leash::Task<leash::Result<>> Traffic::receive_or_leave(leash::Context ctx, client::Connection& connection,
                                                       http::RequestKind kind, bool& left) {
  const auto patience = leash::with_timeout(ctx, moment_to_leave());
  auto done = co_await connection.receive(patience.ctx, kind, nullptr);
  // The error tells it, not the state of `patience`: an operation that starts with no time left fails before that
  // state changes.
  left =
      !done && done.error() == leash::errc::deadline_exceeded && *ctx.remaining() > leash::Duration::zero();
  co_return done;
}

leash::Duration Traffic::moment_to_leave() {
  if (answered_.count() >= median_of_ + std::max<std::uint64_t>(100, median_of_ / 4)) {
    median_of_ = answered_.count();
    median_ = answered_.at_quantile(0.5);
  }
  const auto most = std::max<leash::Duration::rep>(median_.count(), 1);
  return leash::Duration(std::uniform_int_distribution<leash::Duration::rep>(1, most)(random_));
}

bool Traffic::is_own_limit(const std::error_code& error, const Due& due) {
  if (!is_a_limit(error)) return false;
  if (due.measured) {
    const bool ports = error == std::errc::address_not_available;
    ++(ports ? own_.no_ports : own_.no_descriptors);
    --counts_.sent;
    ++unsent_;
  }
  return true;
}

void Traffic::note(const leash::Result<>& outcome, int status, bool left, const Due& due) {
  const bool ok = outcome && status >= 200 && status < 300;
  --in_flight_;
  if (!outcome && !due.was_sent && is_own_limit(outcome.error(), due)) return;
  const leash::TimePoint now = loop_.now();
  // A failed connection has no latency, but a timeout while connecting has.
  const bool timed =
      !left && (due.was_sent || (!outcome && outcome.error() == leash::errc::deadline_exceeded));
  if (outcome) ++responses_in_all_;
  if (timed) interval_.latency.record(now - due.at);
  if (ok) ++interval_.ok;
  if (!ok && !left) ++interval_.errors;
  if (!due.measured) return;
  if (timed) latency_.record(now - due.at);
  if (ok) ok_latency_.record(now - due.at);
  if (timed && schedule_) in_line_.record(due.started - due.at);
  if (outcome) {
    service_.record(now - due.started);
    ++by_status_[static_cast<std::size_t>(status)];
  } else if (!left) {
    ++errors_[outcome.error()];
  }
  if (left) ++counts_.aborted;
  if (ok) ++counts_.ok;
  if (!ok && !left) ++counts_.errors;
}

}  // namespace loadgen
