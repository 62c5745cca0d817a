// SPDX-License-Identifier: BSL-1.0
#pragma once
// A whole run: scrapes the servers, loads them, lets them settle, and judges them.
//
// What it is     one side for `run`; two for `compare`: at the same time in an open loop, one after the other in a
//                closed loop. Each server is scraped before the warm-up, every second, and after the load
//                until two scrapes a grace apart are equal.
// Guarantees     when run() returns, all its connections are closed and all its tasks have ended.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   loadgen::Session session(loop, options);
//   auto results = co_await session.run(waiting.ctx, sending.ctx);

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/crew.hpp"
#include "loadgen/load_metrics.hpp"
#include "loadgen/options.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/report/run_output.hpp"
#include "loadgen/scraper.hpp"

namespace loadgen {

class Session {
 public:
  Session(leash::Loop& loop, const Options& options);

  // Returns a result for each target; none if `sending` was done while it waited for a target (--wait), which it then says.
  // When `sending` is done the load ends; when `waiting` is done, requests in flight and servers that have not settled are
  // no longer waited for.
  leash::Task<std::vector<RunResult>> run(leash::Context waiting, leash::Context sending);

  // False while it waits for the targets.
  bool has_begun() const noexcept { return begun_; }

  // The current metrics of the load generator.
  LoadMetrics figures() const;

 private:
  struct Side {
    Side(leash::Loop& loop, const Target& what) : target(what), traffic(loop, what.plan) {}
    const Target& target;
    Crew traffic;
    std::optional<Scraper> scraper;  // for the source that answered
    bool reached = false;
    Evidence evidence;
    std::vector<Period> timeline;
    std::optional<Scrape> last;  // as of the last row; empty if that scrape failed
    std::int64_t in_flight_before = 0;
    std::string mode;
    std::vector<std::string> leaks;  // see RunResult
    int rows_without_success = 0;
    bool gave_up_waiting = false;  // a signal ended the wait for the server to settle
    std::chrono::system_clock::time_point started_at;
    Interval row;
  };
  using Sides = std::span<const std::unique_ptr<Side>>;

  leash::Task<> reach(leash::Context ctx, Side& side);
  leash::Task<> load(leash::Context ctx, leash::Context sending, Sides sides);
  leash::Task<bool> find_metrics(leash::Context ctx, Side& side);
  leash::Task<> look_before(leash::Context ctx, Side& side);
  leash::Task<> look(leash::Context ctx, Side& side);
  leash::Task<> each_second(leash::Context ctx, leash::Context loading, leash::Cancel& stop, Sides sides);
  leash::Task<> finish_row(leash::Context ctx, Sides sides);
  leash::Task<> settle(leash::Context ctx, Side& side);
  // The reason for --stop-when-hopeless to end the load; empty if there is none.
  std::string hopeless_because(Sides sides) const;

  void print_plan(Sides sides);
  void print_row(Sides sides, leash::Duration time);
  RunResult result_of(const Side& side) const;

  leash::Loop& loop_;
  const Options& options_;
  RunOutput output_;
  leash::TimePoint start_;
  std::size_t rows_ = 0;
  leash::Duration last_row_{};  // since the start
  Phase phase_ = Phase::starting;
  bool begun_ = false;
  std::string hopeless_;  // the reason why the load was ended
  std::vector<std::unique_ptr<Side>> sides_;
};

}  // namespace loadgen
