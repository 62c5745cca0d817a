// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/traffic.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "leash/sleep.hpp"
#include "loadgen/traffic/pacer.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

// A closed loop must not spin when no server listens.
constexpr leash::Duration pause_after_failed_connect = 10ms;

// How often the delay of this process is measured.
constexpr leash::Duration between_looks = 50ms;

// CPU time of this thread.
double processor_seconds() noexcept {
  timespec used{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace

Traffic::Traffic(leash::Loop& loop, const Plan& plan) : loop_(loop), plan_(plan), exchanges_(loop, plan_) {}

void Traffic::write_to(RunResult& result) const {
  exchanges_.write_to(result);
  result.own = own();
  result.elapsed = elapsed();
  result.rate_asked = rate_asked();
  result.rate_reached = rate_reached();
  result.unsent = unsent();
}

OwnLimits Traffic::own() const noexcept {
  OwnLimits all = own_;
  all.no_descriptors = exchanges_.no_descriptors();
  all.no_ports = exchanges_.no_ports();
  return all;
}

double Traffic::rate_reached() const noexcept {
  const double seconds = units::to_seconds(elapsed());
  return seconds > 0 ? static_cast<double>(exchanges_.sent()) / seconds : 0;
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
  return {exchanges_.in_flight(), in_line(), exchanges_.connected(), rate};
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
    if (at >= measured_from_) exchanges_.note_unsent(at, ended_);
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
  Pacer pacer(loop_, plan_);
  for (std::uint64_t request = 0;; ++request) {
    const auto due = schedule_->due(request);
    if (!due) {  // all requests were given out: wait for the end
      (void)co_await sending.done();
      co_return;
    }
    const leash::TimePoint at = start_ + *due;
    if (!pacer.joins(at)) {
      const bool may_read_late = in_line() == 0 && exchanges_.may_read_late();
      const auto waited = co_await pacer.wait(sending, at, may_read_late);
      if (!waited) co_return;
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
    if (at >= measured_from_) ++own_.waited;
  }
}

bool Traffic::may_start(const leash::Context& sending) {
  if (sending.is_done()) return false;
  if (!plan_.requests || loop_.now() < measured_from_) return true;
  return measured_started_ < *plan_.requests;
}

leash::Task<> Traffic::connection(leash::Context ctx, leash::Context sending,
                                  std::optional<std::uint64_t> first) {
  Exchanges::Link link(exchanges_);
  std::optional<std::uint64_t> request = first;
  for (;;) {
    Exchanges::Due due{loop_.now(), {}, false};
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
    auto done = co_await exchanges_.run(ctx, link, due);
    if (ctx.is_done()) co_return;
    if (!done && !link.is_open() && (!schedule_ || is_own_limit(done.error()))) {
      const auto slept = co_await leash::sleep(sending, pause_after_failed_connect);
      if (!slept) co_return;
    }
  }
}

}  // namespace loadgen
