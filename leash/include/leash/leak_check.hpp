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
// Lifetime       the loop outlives the call; options that name a context hold it. A loop that did not answer find_leaks_elsewhere may be
//                destroyed, although the question is still in its io_context.
//
//   leash::LeakOptions options;
//   options.ignore_current(loop).ignore_site("server/listener.cpp").maximum_wait(5s);
//   options.ignore_any_function("vendor::*");
//   if (auto leaks = leash::find_leaks(loop, options)) std::cerr << leaks->text;

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/loop.hpp"

namespace leash {

/// What to leave out; a task is left out if any of these says so. Functions and names are meant as reports have
/// them, and each text may be a pattern: "app::*" (leash/task_filter.hpp).
class LeakOptions {
 public:
  /// The tasks that are alive in this loop now; later loops are others, wherever they lie.
  LeakOptions& ignore_current(const Loop& loop);
  /// The tracked coroutines (leash/coroutines.hpp) that are alive now, of any context.
  LeakOptions& ignore_current_coroutines();
  /// The "path:line" of its site has this part.
  LeakOptions& ignore_site(std::string part);
  /// Started by this function.
  LeakOptions& ignore_started_by(std::string function);
  /// The innermost await is in this function.
  LeakOptions& ignore_top_function(std::string function);
  /// Any await is; the function that started the task does not count.
  LeakOptions& ignore_any_function(std::string function);
  LeakOptions& ignore_name(std::string name);
  /// The owner, or a context above it, has this label: "request", or "request 918".
  LeakOptions& ignore_owner(std::string label);
  /// The owner is this context or one below it. It is held until the options are gone: that has to happen on
  /// the loop's thread, or while nothing runs the loop.
  LeakOptions& ignore_owner(const Context& ctx);
  /// The other way round: only those whose owner is this context or one below it. Held likewise.
  LeakOptions& only_owner(const Context& ctx);

  /// By the steady clock. Default 1 s.
  LeakOptions& maximum_wait(Duration wait);
  /// Called when a check is over, with the exit status to be: 0, or 1 when there were leaks.
  LeakOptions& cleanup(std::function<void(int)> f);

  Duration maximum_wait() const noexcept { return maximum_wait_; }
  void clean_up(int status) const;
  /// Whether any task of the loop counts, and all that do.
  bool finds_any(const Loop& loop) const;
  Dump find(const Loop& loop) const;
  /// The coroutines of an execution context that count, by its address.
  std::vector<CoroutineInfo> find_coroutines(const void* context) const;

 private:
  bool leaves_out(const detail::TaskRecord& task) const;
  bool leaves_out(const CoroutineInfo& coroutine) const;
  std::uint64_t newest_then(const Loop& loop) const noexcept;

  std::map<std::uint64_t, std::uint64_t> newest_then_;  ///< by the loop's number
  std::vector<std::uint64_t> coroutines_then_;
  std::vector<std::string> sites_;
  std::vector<std::string> creators_;
  std::vector<std::string> top_functions_;
  std::vector<std::string> functions_;
  std::vector<std::string> names_;
  std::vector<std::string> owners_;
  /// Shared: copies of the options are made on other threads, and do not touch the contexts.
  std::vector<std::shared_ptr<const Context>> ancestors_;
  std::shared_ptr<const Context> only_below_;
  Duration maximum_wait_ = std::chrono::seconds(1);
  std::function<void(int)> cleanup_;
};

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
