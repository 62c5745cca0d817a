// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds the tasks and contexts that should have ended (goleak for Asio).
//
// What it is     find_leaks checks one loop repeatedly, with growing pauses, until only tasks that the options ignore are
//                left, or the maximum wait is over. A context counts when the owner of the task that made it is done and
//                the context is not (leash/contexts.hpp: it would outlive that owner).
// Requires       no other thread runs the loop's io_context: find_leaks runs it in its pauses, so that tasks that are
//                about to end can. For a loop run by another thread use find_leaks_elsewhere. Inside a task or callback
//                of the loop, find_leaks cannot run it and checks once: only waiting tasks, neither the calling task
//                nor tasks that are ready to run.
// Guarantees     returns as soon as a check finds nothing. Tasks that nothing can ever wake are a deadlock and reported at
//                once, unless a RemoteCancel or a work guard exists through which another thread may still wake
//                one; a thread that will post to the loop must hold a work guard of its io_context. Only tasks of the
//                given loop count, so concurrent tests do not affect each other.
// Threads        see above; the report is plain data.
// Lifetime       the loop outlives the call. A loop that did not answer find_leaks_elsewhere may be destroyed although the
//                posted check is still in its io_context.
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
#include "leash/loop_base.hpp"

namespace leash {

struct LeakReport {
  std::size_t tasks = 0;
  std::size_t contexts = 0;
  bool deadlock = false;  ///< nothing can ever wake the tasks
  std::string text;       ///< one entry for all tasks with the same stack, and for all contexts of a line
};

namespace detail {
std::optional<LeakReport> find_leaks(const void* execution_context,
                                     const std::function<void(std::chrono::nanoseconds)>& run_for,
                                     const LeakOptions& options);
}

std::optional<LeakReport> find_leaks(LoopBase& loop, const LeakOptions& options = {});
/// The tracked coroutines of an io_context without a Loop; options that name contexts have no meaning for them.
template <class IoContext>
requires requires(IoContext& io) { io.run_for(std::chrono::nanoseconds()); }
std::optional<LeakReport> find_leaks(IoContext& io, const LeakOptions& options = {}) {
  const auto run_for = [&io](std::chrono::nanoseconds time) {
    io.restart();
    io.run_for(time);
  };
  return detail::find_leaks(&io, run_for, options);
}
/// For a loop that another thread runs: each check is posted to it. A loop that does not answer within the maximum wait
/// is reported too.
std::optional<LeakReport> find_leaks_elsewhere(LoopBase& loop, const LeakOptions& options = {});

/// Called with the tasks that any loop of the process destroys in its destructor, and with the contexts that had outlived
/// their owners then, on the thread that destroys the loop. A call may be in progress while the hook is destroyed.
class [[nodiscard]] AbandonedHook {
 public:
  using Function =
      std::function<void(const LoopBase&, const std::vector<TaskInfo>&, const std::vector<ContextGroup>&)>;
  explicit AbandonedHook(Function f);
  AbandonedHook(const AbandonedHook&) = delete;
  AbandonedHook& operator=(const AbandonedHook&) = delete;
  ~AbandonedHook();

 private:
  std::uint64_t number_;
};

struct WatchOptions {
  Duration maximum_wait = std::chrono::seconds(1);  ///< for tasks of loops that still exist
  /// Tasks started and contexts made at these sites are ignored: parts of "path:line", or patterns (leash/task_filter.hpp).
  std::vector<std::string> ignore_sites = {};
};

/// Checks all loops of the process, for any test framework: reports tasks and contexts that were left since its
/// construction. Usable on any thread; concurrent tests of one process see each other's tasks.
///   leash::LeakCheck check;
///   run_the_test();
///   REQUIRE(check.find() == "");
class LeakCheck {
 public:
  explicit LeakCheck(WatchOptions options = {});
  ~LeakCheck();

  /// Checks repeatedly until nothing is left, for at most maximum_wait. Returns a text about loops destroyed with live tasks
  /// (with their stacks), existing loops with live tasks (by site), contexts that outlive their owners, and tracked coroutines that are alive or were destroyed
  /// while waiting in an io_context without a loop; empty if there are none.
  std::string find();
  /// Checks only the loops that still exist.
  std::string find_in_live_loops();
  /// Starts over: everything left before is ignored.
  void restart();
  /// Ignores the tasks and contexts that are alive in this loop now, because they were reported already.
  void leave_out(const LoopBase& loop);

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with the hook, which may be running
  AbandonedHook hook_;
  std::uint64_t let_go_;  ///< number of its hook
};

}  // namespace leash
