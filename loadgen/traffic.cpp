// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic.hpp"

#include <algorithm>
#include <utility>

#include "client/error.hpp"
#include "http/message/request_timeout.hpp"
#include "http/message/serializer.hpp"
#include "leash/sleep.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

// A closed loop must not spin when nobody listens.
constexpr leash::Duration pause_after_failed_connect = 10ms;

// Requests that follow one that is due within this time leave with it: a wake-up costs more than a request.
// Below 4,000 a second each leaves at its own time.
constexpr leash::Duration together = 250us;

std::string serialize(const Plan& plan) {
  http::OutgoingRequest message;
  message.target = plan.url.target;
  message.host = plan.url.authority();
  const auto timeout =
      std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(plan.timeout).count());
  message.headers.add(std::string(http::request_timeout_field),
                      std::to_string(std::min<std::int64_t>(timeout, 9'999'999'999)));
  std::string bytes;
  http::append_request(bytes, message);
  return bytes;
}

}  // namespace

Traffic::Traffic(leash::Loop& loop, const Plan& plan) : loop_(loop), plan_(plan), bytes_(serialize(plan)) {}

double Traffic::rate_reached() const noexcept {
  const double seconds = std::chrono::duration<double>(elapsed()).count();
  return seconds > 0 ? static_cast<double>(counts_.sent) / seconds : 0;
}

std::optional<double> Traffic::rate_asked() const noexcept {
  if (plan_.rate) return plan_.rate;
  if (!schedule_ || elapsed() == leash::Duration::zero()) return plan_.rate_asked();
  return rate_between(plan_.warmup, ended_ - start_);
}

std::optional<double> Traffic::rate_now() const noexcept {
  if (!schedule_) return std::nullopt;
  if (paced_) return 0.0;
  return schedule_->rate_at(loop_.now() - start_);
}

std::optional<double> Traffic::rate_between(leash::Duration from, leash::Duration to) const noexcept {
  if (!schedule_ || to <= from) return std::nullopt;
  return (schedule_->requests_before(to) - schedule_->requests_before(from)) /
         std::chrono::duration<double>(to - from).count();
}

leash::Task<> Traffic::run(leash::Context ctx, leash::Context sending) {
  start_ = loop_.now();
  measured_from_ = start_ + plan_.warmup;
  // Whatever ends first: the caller's patience, the plan's duration, or its requests.
  std::optional<leash::Cancelable> until;
  if (plan_.duration) {
    until.emplace(leash::with_deadline(sending, measured_from_ + *plan_.duration));
  } else {
    until.emplace(leash::with_cancel(sending));
  }
  leash::Scope connections(ctx);
  if (plan_.is_open()) {
    schedule_ = plan_.schedule();
    co_await pace(ctx, until->ctx, connections);
    paced_ = true;
    // Those in line are not sent any more when the time is up; when it was the requests that ran out, they
    // are.
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
  unsent_ = in_line() + never_in_line(until->ctx.is_done());
  line_begin_ = line_end_;
  until->cancel(leash::errc::finished);
  (void)co_await connections.join();
}

// Requests that were due when the time was up, and had not been looked at: somebody held the load generator up.
std::int64_t Traffic::never_in_line(bool time_is_up) const noexcept {
  if (!schedule_ || !time_is_up) return 0;
  leash::TimePoint end = ended_;
  if (plan_.duration) end = std::min(end, measured_from_ + *plan_.duration);
  const auto due = static_cast<std::int64_t>(schedule_->requests_before(end - start_));
  return std::max<std::int64_t>(0, due - static_cast<std::int64_t>(looked_at_));
}

// Gives each request, when it is due, to an idle connection, or to a new one, or puts it in line.
leash::Task<> Traffic::pace(leash::Context ctx, leash::Context sending, leash::Scope& connections) {
  leash::TimePoint together_until = leash::TimePoint::min();
  for (std::uint64_t request = 0;; ++request) {
    const auto due = schedule_->due(request);
    if (!due) {  // until the time is up
      (void)co_await sending.done();
      co_return;
    }
    const leash::TimePoint at = start_ + *due;
    if (at > together_until) {
      const auto slept = co_await leash::sleep(sending, at - loop_.now());
      held_up_ = std::max(held_up_, loop_.now() - at);
      if (!slept) co_return;
      together_until = loop_.now() + together;
    }
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
  }
}

bool Traffic::may_start(const leash::Context& sending) {
  if (sending.is_done()) return false;
  if (!plan_.requests || loop_.now() < measured_from_) return true;
  return measured_started_ < *plan_.requests;
}

leash::Task<> Traffic::connection(leash::Context ctx, leash::Context sending,
                                  std::optional<std::uint64_t> first) {
  client::Connection connection(loop_.io());
  Counted counted(connected_);
  std::optional<std::uint64_t> request = first;
  for (;;) {
    Due due{loop_.now(), false};
    if (schedule_) {
      if (!request && in_line() > 0 && !sending.is_done()) request = line_begin_++;
      if (!request) {
        auto next = co_await idle_.receive(sending);
        if (!next) co_return;
        request = *next;
      }
      const leash::TimePoint at = start_ + *schedule_->due(*std::exchange(request, std::nullopt));
      due.measured = at >= measured_from_;
      due.at = std::min(at, loop_.now());  // one that left before its time has no latency before it left
    } else {
      if (!may_start(sending)) co_return;
      due.measured = due.at >= measured_from_;
      if (due.measured) ++measured_started_;
    }
    auto done = co_await exchange(ctx, connection, counted, due);
    counted.set(connection.is_open());
    if (ctx.is_done()) co_return;
    if (!done && !schedule_ && !connection.is_open()) {
      const auto slept = co_await leash::sleep(sending, pause_after_failed_connect);
      if (!slept) co_return;
    }
  }
}

// One request, with all that may happen to it. An error means that there is no connection to be had.
leash::Task<leash::Result<>> Traffic::exchange(leash::Context ctx, client::Connection& connection,
                                               Counted& counted, Due due) {
  ++interval_.sent;
  ++in_flight_;
  if (due.measured) ++counts_.sent;
  const auto limited = leash::with_timeout(ctx, plan_.timeout);
  const bool leaves =
      plan_.abort_share > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < plan_.abort_share;
  bool left = false;
  for (bool again = false;; again = true) {
    if (!connection.is_open()) {
      auto connected = co_await connection.connect(limited.ctx, plan_.url.host, plan_.url.port);
      if (!connected) {
        note(connected, 0, false, due);
        co_return connected;
      }
    }
    counted.set(true);
    const leash::TimePoint sent_at = loop_.now();
    ++sent_in_all_;
    auto done = co_await connection.send(limited.ctx, bytes_);
    if (done && leaves) {
      done = co_await receive_or_leave(limited.ctx, connection, left);
    } else if (done) {
      done = co_await connection.receive(limited.ctx, http::RequestKind::other, nullptr);
    }
    if (done && plan_.abort_share > 0) answered_.record(loop_.now() - sent_at);
    if (!done && done.error() == client::errc::refused) {
      if (due.measured) ++counts_.refused;
      if (!again) continue;
    }
    note(done, done ? connection.head().status : 0, left, due);
    co_return leash::Result<>();
  }
}

// The client that has enough, at a random moment; false hope if the answer comes first.
leash::Task<leash::Result<>> Traffic::receive_or_leave(leash::Context ctx, client::Connection& connection,
                                                       bool& left) {
  const auto patience = leash::with_timeout(ctx, moment_to_leave());
  auto done = co_await connection.receive(patience.ctx, http::RequestKind::other, nullptr);
  // By the error and not by the state of `patience`: an operation that starts with nothing remaining fails
  // before that changes.
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

void Traffic::note(const leash::Result<>& outcome, int status, bool left, Due due) {
  const bool ok = outcome && status >= 200 && status < 300;
  --in_flight_;
  if (outcome) {
    ++responses_in_all_;
    const auto latency = loop_.now() - due.at;
    interval_.latency.record(latency);
    if (due.measured) {
      latency_.record(latency);
      ++counts_.by_status[status];
    }
  } else if (!left && due.measured) {
    ++errors_[outcome.error()];
  }
  if (ok) ++interval_.ok;
  if (!ok && !left) ++interval_.errors;
  if (!due.measured) return;
  if (left) ++counts_.aborted;
  if (ok) ++counts_.ok;
  if (!ok && !left) ++counts_.errors;
}

}  // namespace loadgen
