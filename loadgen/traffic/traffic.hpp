// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load on one server: gives the requests of a plan to connections when they are due.
//
// What it is     open loop: each request has its time; it takes an idle connection or opens one, and waits in line if
//                all are busy. Closed loop: each connection sends the next request as soon as it has a response.
// Guarantees     latency is measured from the time at which a request was due, so that a slow server cannot hide behind
//                requests that were not sent (no coordinated omission); a request that timed out, or was still in line at
//                the end, counts with the time until then. When run() returns, nothing is in flight and all connections
//                are closed.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   loadgen::Traffic traffic(loop, plan);
//   co_await traffic.run(ctx, sending.ctx);   // ends when the plan is complete or `sending` is done
//   use(traffic.counts(), traffic.latency());

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <system_error>

#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/task.hpp"
#include "loadgen/histogram.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/schedule.hpp"
#include "loadgen/traffic/exchanges.hpp"

namespace loadgen {

// The current state.
struct TrafficNow {
  std::int64_t in_flight = 0;
  std::int64_t in_line = 0;      // requests that are due and wait for a connection
  std::int64_t connections = 0;  // open connections
  double rate_asked = 0;         // requests per second; 0 for a closed loop, and when the load is over
};

class Traffic {
 public:
  Traffic(leash::Loop& loop, const Plan& plan);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // `ctx` ends everything at once. When `sending` is done no new request starts; those in flight end with their response
  // or their timeout.
  leash::Task<> run(leash::Context ctx, leash::Context sending);

  // Writes what was measured so far, without the warm-up (counts, histograms, rates, own limits), and the total sent.
  void write_to(RunResult& result) const;
  RequestCounts counts() const { return exchanges_.counts(); }
  const Histogram& latency() const noexcept { return exchanges_.latency(); }
  OwnLimits own() const noexcept;
  leash::Duration elapsed() const noexcept {
    return std::max(ended_ - measured_from_, leash::Duration::zero());
  }
  double rate_reached() const noexcept;
  // Requests per second of an open loop, up to the current position.
  std::optional<double> rate_asked() const noexcept;
  // Requests that were due but not sent.
  std::int64_t unsent() const noexcept { return unsent_ + exchanges_.unsent(); }
  // Why requests had no response, with counts.
  const std::map<std::error_code, std::int64_t>& errors() const noexcept { return exchanges_.errors(); }

  // Including the warm-up and second attempts.
  std::int64_t sent_in_all() const noexcept { return exchanges_.sent_in_all(); }
  std::int64_t responses_in_all() const noexcept { return exchanges_.responses_in_all(); }
  std::int64_t in_line() const noexcept { return static_cast<std::int64_t>(line_end_ - line_begin_); }
  TrafficNow now() const noexcept;

  Interval& interval() noexcept { return exchanges_.interval(); }  // the reader resets it

 private:
  void note_unsent(bool time_is_up);
  leash::Task<> pace(leash::Context ctx, leash::Context sending, leash::Scope& connections);
  leash::Task<> watch_for_delays(leash::Context ctx);
  leash::Task<> connection(leash::Context ctx, leash::Context sending, std::optional<std::uint64_t> first);
  bool may_start(const leash::Context& sending);

  leash::Loop& loop_;
  const Plan plan_;
  Exchanges exchanges_;
  leash::TimePoint start_;
  leash::TimePoint measured_from_;
  leash::TimePoint ended_;
  std::optional<Schedule> schedule_;  // of an open loop

  leash::Channel<std::uint64_t> idle_;  // idle connections of an open loop wait here for a request
  std::uint64_t used_connections_ = 0;  // of the connections that the plan allows, open or not
  std::int64_t unsent_ = 0;             // because this process was delayed
  std::uint64_t looked_at_ = 0;         // requests of the schedule that were processed
  bool paced_ = false;                  // no more requests become due
  std::uint64_t line_begin_ = 0;        // the first request that waits for a connection
  std::uint64_t line_end_ = 0;

  std::uint64_t measured_started_ = 0;
  OwnLimits own_;
};

}  // namespace loadgen
