// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds the tasks that should have ended (goleak for Asio).
//
// What it is     find_leaks looks at the tasks of one loop, again and again with growing pauses, until none is
//                left but those that the options leave out, or the wait is over.
// Requires       no other thread runs the loop's io_context: find_leaks runs it in its pauses, so that tasks
//                that are about to end can. For a loop that another thread runs: find_leaks_elsewhere. Inside a task
//                or a callback of the loop, which cannot run it, find_leaks looks once, at the tasks that wait: not at
//                the one that calls it, nor at those that are ready to run.
// Guarantees     clean as soon as one look finds nothing. Tasks that nothing can ever wake are a deadlock and
//                reported at once: not while a RemoteCancel or a work guard is there, through which another thread
//                may still wake one. A thread that will post to the loop holds a work guard of its io_context. Only
//                tasks of that loop are looked at: tests that run side by side do not blame each other.
// Threads        see above; the report is plain data.
// Lifetime       the loop outlives the call. One that did not answer find_leaks_elsewhere may be destroyed, although the
//                question is still in its io_context.
//
//   leash::LeakOptions options;
//   options.ignore_site("server/listener.cpp").ignore_top_function("poll");  // leash/leak_options.hpp
//   if (auto leaks = leash::find_leaks(loop, options)) std::cerr << leaks->text;

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/leak_options.hpp"
#include "leash/loop.hpp"

namespace leash {

struct LeakReport {
  std::size_t tasks = 0;
  bool deadlock = false;  ///< nothing can ever wake them
  std::string text;       ///< one entry for all tasks with the same stack
};

std::optional<LeakReport> find_leaks(Loop& loop, const LeakOptions& options = {});
/// The tracked coroutines of an io_context without a Loop; options that name contexts have no meaning for them.
std::optional<LeakReport> find_leaks(asio::io_context& io, const LeakOptions& options = {});
/// The loop is run by another thread: each look is posted to it. A loop that does not answer while the wait
/// lasts is a report, too.
std::optional<LeakReport> find_leaks_elsewhere(Loop& loop, const LeakOptions& options = {});

/// Hears of the tasks that any loop of the process destroys with itself, on the thread that destroys it. A call may be
/// on its way while the hook is destroyed.
class [[nodiscard]] AbandonedHook {
 public:
  using Function = std::function<void(const Loop&, const std::vector<TaskInfo>&)>;
  explicit AbandonedHook(Function f);
  AbandonedHook(const AbandonedHook&) = delete;
  AbandonedHook& operator=(const AbandonedHook&) = delete;
  ~AbandonedHook();

 private:
  std::uint64_t number_;
};

struct WatchOptions {
  Duration maximum_wait = std::chrono::seconds(1);  ///< for tasks of loops that are still there
  /// Tasks that were started there do not count: parts of "path:line", or patterns (leash/task_filter.hpp).
  std::vector<std::string> ignore_sites = {};
};

/// All loops of the process, for any test framework: what has been left since it was made. Tasks that were alive in
/// other loops before do not count. From any thread; tests of one process that run at the same time blame each other.
///   leash::LeakCheck check;
///   run_the_test();
///   REQUIRE(check.find() == "");
class LeakCheck {
 public:
  explicit LeakCheck(WatchOptions options = {});
  ~LeakCheck();

  /// Looks until nothing is left, for up to maximum_wait. A text about loops that were destroyed with tasks alive, with
  /// their stacks, and of loops that are still there, by site; of tracked coroutines that are alive, or were destroyed
  /// where they waited, with an io_context alone; empty: nothing.
  std::string find();
  /// Only the loops that are still there.
  std::string find_in_live_loops();
  /// From here on: what was left before is forgotten.
  void restart();
  /// What is alive in this loop now was reported already.
  void leave_out(const Loop& loop);

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with the hook, a call of which may be on its way
  AbandonedHook hook_;
  std::uint64_t let_go_;  ///< number of its hook
};

}  // namespace leash
