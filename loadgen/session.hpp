// SPDX-License-Identifier: BSL-1.0
#pragma once
// A whole run: look at the servers, load them, let them settle, judge them.
//
// What it is     one side for `run`; for `compare` two, at the same time in an open loop, one after the other
//                in a closed one. Each server is scraped before the warm-up, every second, and after the load
//                until two scrapes a grace apart are equal.
// Guarantees     when run() returns, every connection is closed and no task of it is left.
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

  // A result for each target, whatever happened. When `sending` is done there is no more load; when `waiting` is, nothing
  // is waited for any more: requests in flight are given up, and servers that have not settled.
  leash::Task<std::vector<RunResult>> run(leash::Context waiting, leash::Context sending);

  // Its own figures, as of now.
  LoadMetrics figures() const;

 private:
  struct Side {
    Side(leash::Loop& loop, const Target& what) : target(what), traffic(loop, what.plan) {}
    const Target& target;
    Crew traffic;
    std::optional<Scraper> scraper;  // of the source that answered
    Evidence evidence;
    std::vector<Period> timeline;
    std::optional<Scrape> last;  // as of the last row; nothing when that scrape failed
    std::int64_t in_flight_before = 0;
    std::string mode;
    std::vector<std::string> leaks;  // as RunResult has it
    int rows_without_success = 0;
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
  // Why the load may as well end; empty: it may not.
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
  std::string hopeless_;  // why the load was ended
  std::vector<std::unique_ptr<Side>> sides_;
};

}  // namespace loadgen
