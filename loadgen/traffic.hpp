// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load on one server: sends requests as a plan says, and measures.
//
// What it is     open loop: each request has its time; it takes an idle connection or opens one, and waits in
//                line when all are busy. Closed loop: each connection sends again as soon as it has its
//                answer.
// Guarantees     latency counts from the time at which a request was meant to be sent, so that a slow server
//                cannot hide behind requests that were not sent (no coordinated omission). A request whose
//                connection is reset before a byte of its response is sent once more, on a new one. When
//                run() returns, nothing is in flight and all connections are closed. In the steady state a
//                request allocates nothing but from pools.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   loadgen::Traffic traffic(loop, plan);
//   co_await traffic.run(ctx, sending.ctx);   // ends when the plan is fulfilled or `sending` is done
//   use(traffic.counts(), traffic.latency());

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <system_error>

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

// What happened since the last row, warm-up included.
struct Interval {
  std::int64_t sent = 0;
  std::int64_t ok = 0;
  std::int64_t errors = 0;
  Histogram latency;
};

class Traffic {
 public:
  Traffic(leash::Loop& loop, const Plan& plan);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // `ctx` ends everything at once. When `sending` is done no request is started any more; those in flight end
  // by their answer or their timeout.
  leash::Task<> run(leash::Context ctx, leash::Context sending);

  // Without the warm-up.
  const RequestCounts& counts() const noexcept { return counts_; }
  const Histogram& latency() const noexcept { return latency_; }
  leash::Duration elapsed() const noexcept {
    return std::max(ended_ - measured_from_, leash::Duration::zero());
  }
  double rate_reached() const noexcept;
  // Of an open loop, up to where it has come.
  std::optional<double> rate_asked() const noexcept;

  std::int64_t sent_in_all() const noexcept { return sent_in_all_; }  // warm-up and second attempts included
  std::int64_t responses_in_all() const noexcept { return responses_in_all_; }
  std::int64_t in_flight() const noexcept { return in_flight_; }
  std::int64_t connections() const noexcept { return connected_; }  // open ones
  // Requests a second, now, none when the load is over; nothing for a closed loop.
  std::optional<double> rate_now() const noexcept;
  // Likewise, on the average between two times since the start.
  std::optional<double> rate_between(leash::Duration from, leash::Duration to) const noexcept;
  std::int64_t in_line() const noexcept { return static_cast<std::int64_t>(line_end_ - line_begin_); }
  // Why requests had no response, and how often; without the warm-up.
  const std::map<std::error_code, std::int64_t>& errors() const noexcept { return errors_; }

  // Requests that were due and in line when the time was up.
  std::int64_t unsent() const noexcept { return unsent_; }
  // How late a request was looked at, at most: then it was this process that could not go on.
  leash::Duration held_up() const noexcept { return held_up_; }

  Interval& interval() noexcept { return interval_; }  // to be read and reset by whoever prints it

 private:
  struct Due {
    leash::TimePoint at;
    bool measured;
  };

  std::int64_t never_in_line(bool time_is_up) const noexcept;
  leash::Task<> pace(leash::Context ctx, leash::Context sending, leash::Scope& connections);
  leash::Task<> connection(leash::Context ctx, leash::Context sending, std::optional<std::uint64_t> first);
  // A connection, counted while it is open.
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
  leash::Task<leash::Result<>> exchange(leash::Context ctx, client::Connection& connection, Counted& counted,
                                        Due due);
  leash::Task<leash::Result<>> receive_or_leave(leash::Context ctx, client::Connection& connection,
                                                bool& left);

  bool may_start(const leash::Context& sending);
  void note(const leash::Result<>& outcome, int status, bool left, Due due);
  leash::Duration moment_to_leave();

  leash::Loop& loop_;
  const Plan plan_;
  std::string bytes_;  // of the request, the same for all
  leash::TimePoint start_;
  leash::TimePoint measured_from_;
  leash::TimePoint ended_;
  std::optional<Schedule> schedule_;  // of an open loop

  leash::Channel<std::uint64_t> idle_;  // where connections of an open loop wait for a request
  std::uint64_t used_connections_ = 0;  // of those that the plan allows, open or not
  std::int64_t connected_ = 0;
  std::int64_t unsent_ = 0;
  std::uint64_t looked_at_ = 0;  // requests of the schedule
  leash::Duration held_up_{};
  bool paced_ = false;            // nothing more becomes due
  std::uint64_t line_begin_ = 0;  // requests that are due and wait for a connection
  std::uint64_t line_end_ = 0;

  RequestCounts counts_;
  Histogram latency_;
  Interval interval_;
  std::uint64_t measured_started_ = 0;
  std::int64_t sent_in_all_ = 0;
  std::int64_t responses_in_all_ = 0;
  std::int64_t in_flight_ = 0;
  std::map<std::error_code, std::int64_t> errors_;

  std::minstd_rand random_{std::random_device{}()};
  Histogram answered_;  // all, by the time since they were sent: when to leave
  std::uint64_t median_of_ = 0;
  leash::Duration median_ = std::chrono::milliseconds(5);
};

}  // namespace loadgen
