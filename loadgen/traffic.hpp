// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load on one server: sends requests as a plan says, and measures.
//
// What it is     open loop: each request has its time; it takes an idle connection or opens one, and waits in line if
//                all are busy. Requests that are due at nearly the same time are sent together, unless the plan says
//                `spin`. Closed loop: each connection sends the next request as soon as it has a response.
// Guarantees     latency is measured from the time at which a request was due, so that a slow server cannot hide behind
//                requests that were not sent (no coordinated omission); a request that timed out, or was still in line at
//                the end, counts with the time until then. A request whose connection is reset before any byte of its
//                response is sent once more, on a new connection; bytes that arrived before a request was sent are not
//                its response. Requests that fail for lack of local descriptors or ports are no errors. When run()
//                returns, nothing is in flight and all connections are closed. In the steady state a request
//                allocates from pools only.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   loadgen::Traffic traffic(loop, plan);
//   co_await traffic.run(ctx, sending.ctx);   // ends when the plan is complete or `sending` is done
//   use(traffic.counts(), traffic.latency());

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "client/connection.hpp"
#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/task.hpp"
#include "loadgen/histogram.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/schedule.hpp"

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
  RequestCounts counts() const;
  const Histogram& latency() const noexcept { return latency_; }
  const OwnLimits& own() const noexcept { return own_; }
  leash::Duration elapsed() const noexcept {
    return std::max(ended_ - measured_from_, leash::Duration::zero());
  }
  double rate_reached() const noexcept;
  // Requests per second of an open loop, up to the current position.
  std::optional<double> rate_asked() const noexcept;
  // Requests that were due but not sent.
  std::int64_t unsent() const noexcept { return unsent_; }
  // Why requests had no response, with counts.
  const std::map<std::error_code, std::int64_t>& errors() const noexcept { return errors_; }

  std::int64_t sent_in_all() const noexcept {
    return sent_in_all_;
  }  // including the warm-up and second attempts
  std::int64_t responses_in_all() const noexcept { return responses_in_all_; }
  std::int64_t in_line() const noexcept { return static_cast<std::int64_t>(line_end_ - line_begin_); }
  TrafficNow now() const noexcept;

  Interval& interval() noexcept { return interval_; }  // the reader resets it

 private:
  struct Outgoing {
    std::string bytes;
    http::RequestKind kind;
  };
  struct Due {
    leash::TimePoint at;
    leash::TimePoint started;  // when its connection was free
    bool measured;
    bool was_sent = false;
  };
  // Counts a connection while it is open.
  class Counted {
   public:
    explicit Counted(std::int64_t& count) noexcept : count_(count) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { set(false); }
    void set(bool open) noexcept {
      count_ += (open ? 1 : 0) - (open_ ? 1 : 0);
      open_ = open;
    }

   private:
    std::int64_t& count_;
    bool open_ = false;
  };

  void note_unsent(bool time_is_up);
  leash::Task<> pace(leash::Context ctx, leash::Context sending, leash::Scope& connections);
  leash::Task<> poll_until(leash::Context sending, leash::TimePoint at);
  leash::Task<> watch_for_delays(leash::Context ctx);
  leash::Task<> connection(leash::Context ctx, leash::Context sending, std::optional<std::uint64_t> first);
  leash::Task<leash::Result<>> connect(leash::Context ctx, client::Connection& connection);
  leash::Task<leash::Result<>> exchange(leash::Context ctx, client::Connection& connection, Counted& counted,
                                        Due due);
  leash::Task<leash::Result<>> receive_or_leave(leash::Context ctx, client::Connection& connection,
                                                http::RequestKind kind, bool& left);

  bool may_start(const leash::Context& sending);
  void note(const leash::Result<>& outcome, int status, bool left, const Due& due);
  // Whether the error is a limit of this process; if so, counts it.
  bool is_own_limit(const std::error_code& error, const Due& due);
  leash::Duration moment_to_leave();

  leash::Loop& loop_;
  const Plan plan_;
  const client::Origin origin_;
  std::vector<Outgoing> outgoing_;  // sent in rotation
  std::size_t next_outgoing_ = 0;
  std::vector<client::Endpoint> endpoints_;  // of the origin; empty: not resolved yet
  leash::TimePoint start_;
  leash::TimePoint measured_from_;
  leash::TimePoint ended_;
  std::optional<Schedule> schedule_;  // of an open loop

  leash::Channel<std::uint64_t> idle_;  // idle connections of an open loop wait here for a request
  std::uint64_t used_connections_ = 0;  // of the connections that the plan allows, open or not
  std::int64_t connected_ = 0;
  std::int64_t unsent_ = 0;
  std::uint64_t looked_at_ = 0;   // requests of the schedule that were processed
  bool paced_ = false;            // no more requests become due
  std::uint64_t line_begin_ = 0;  // the first request that waits for a connection
  std::uint64_t line_end_ = 0;

  RequestCounts counts_;
  std::array<std::int64_t, 1000> by_status_{};
  OwnLimits own_;
  Histogram latency_;
  Histogram ok_latency_;
  Histogram in_line_;
  Histogram service_;
  Interval interval_;
  std::uint64_t measured_started_ = 0;
  std::int64_t sent_in_all_ = 0;
  std::int64_t responses_in_all_ = 0;
  std::int64_t in_flight_ = 0;
  std::map<std::error_code, std::int64_t> errors_;

  std::minstd_rand random_{std::random_device{}()};
  Histogram answered_;  // response times since sending, to choose when to abort
  std::uint64_t median_of_ = 0;
  leash::Duration median_ = std::chrono::milliseconds(5);
};

}  // namespace loadgen
