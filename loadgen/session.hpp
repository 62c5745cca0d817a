#pragma once
// A whole run: look at the servers, load them, let them come to rest, judge them.
//
// What it is     one side for `run`; for `compare` two, at the same time in an open loop, one after the other
//                in a closed one. Each server is scraped before the warm-up, every second, and after the load
//                until two scrapes a grace apart are equal.
// Guarantees     when run() returns, every connection is closed and no task of it is left.
// Threads        the loop's.
// Lifetime       outlives run().
//
//   loadgen::Session session(loop, options);
//   int status = co_await session.run(ctx, sending.ctx);  // `sending` done: no more load, but drain and
//   report

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/options.hpp"
#include "loadgen/report.hpp"
#include "loadgen/scraper.hpp"
#include "loadgen/traffic.hpp"

namespace loadgen {

enum Exit : int { clean = 0, usage = 2, leak = 3, unknown = 5 };

class Session {
 public:
  Session(leash::Loop& loop, const Options& options);

  // The exit status. What is to be seen goes to standard output, what is wrong to standard error.
  leash::Task<int> run(leash::Context ctx, leash::Context sending);

 private:
  struct Side {
    Side(leash::Loop& loop, const Target& what)
        : target(what), traffic(loop, what.plan), scraper(loop, what.metrics) {}
    const Target& target;
    Traffic traffic;
    Scraper scraper;
    Evidence evidence;
    std::optional<Scrape> last;  // as of the last row; nothing when that scrape failed
    std::int64_t in_flight_before = 0;
    std::string mode;
    Interval row;
  };
  using Sides = std::span<const std::unique_ptr<Side>>;

  leash::Task<bool> reach(leash::Context ctx, const Side& side);
  leash::Task<> load(leash::Context ctx, leash::Context sending, Sides sides);
  leash::Task<> look_before(leash::Context ctx, Side& side);
  leash::Task<> look(leash::Context ctx, Side& side);
  leash::Task<> look_at_all(leash::Context ctx, Sides sides);
  leash::Task<> print_rows(leash::Context ctx, Sides sides);
  leash::Task<> settle(leash::Context ctx, Side& side);

  void print_plan(Sides sides) const;
  void print_row(Sides sides);
  void print_notes(const Side& side) const;
  void show_progress(double share, std::string_view text) const;
  void hide_progress() const;
  static RunResult result_of(const Side& side);

  leash::Loop& loop_;
  const Options& options_;
  bool interactive_;
  leash::TimePoint start_;
  std::size_t rows_ = 0;
  std::vector<std::unique_ptr<Side>> sides_;
};

}  // namespace loadgen
