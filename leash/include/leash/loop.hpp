// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop: one asio::io_context run by one thread, with what leash keeps for it.
//
// What it is     the home of tasks, contexts and timers.
// Requires       the io_context is made before the Loop, destroyed after it, and run by one thread at a time.
// Guarantees     when the Loop is destroyed, every context under it is done, every operation that can be
//                cancelled has ended (one that does not heed that within 1 s is left behind, with its state on
//                the heap), and the frames of the tasks that were left are destroyed: the newest task first, in
//                each the innermost frame first. Contexts, channels and handles that outlive it are inert.
// Threads        the thread that runs the io_context; metrics() may be read from any. Debug builds check
//                this.
//
//   asio::io_context io{1};
//   leash::Loop loop{io};
//   leash::go(loop.background(), serve(loop.background()));
//   if (auto ran = loop.run(); !ran) std::cerr << ran.error().message();  // "all tasks are asleep: deadlock"

#include <asio/io_context.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/detail/one_asio.hpp"  // IWYU pragma: keep
#include "leash/error.hpp"
#include "leash/metrics.hpp"

namespace leash {

struct TaskInfo;
namespace detail {
class LoopState;
}

struct LoopOptions {
  std::string name = "loop";
  // Not owned; null: the steady clock. Outlives the loop.
  Clock* clock = nullptr;
  // How long an orphan may live before it counts as leaked; Duration::max(): none ever does.
  Duration grace = std::chrono::seconds(1);
  // How long an orphan may live before it is reaped (leash/reaper.hpp), not before it counts as leaked;
  // Duration::max(): none is, but by reap().
  Duration reap_after = Duration::max();
  // Timers are armed upwards to multiples of this: fewer wake-ups, later by up to this much.
  Duration timer_grid = std::chrono::microseconds(500);
  // How many tasks, and awaits that are ready, a turn goes through before other handlers of the io_context
  // get their share. 1: each step of each task is a handler of its own, for tests.
  std::uint32_t turn_budget = 256;
  // An exception left a task and no join rethrows it (the task is described), or it left a callback of
  // after_func or was kept by a scope that nobody joined (null). By default it is written to standard error.
  std::function<void(std::exception_ptr, const TaskInfo*)> on_exception = {};
  // The loop is being destroyed and these tasks are still alive; their frames are destroyed next. Must not
  // throw. Without memory to name the tasks it is not called, and standard error says so.
  std::function<void(const std::vector<TaskInfo>&)> on_abandoned = {};
};

class Loop {
 public:
  explicit Loop(asio::io_context& io, LoopOptions options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // The root of the context tree; done only when the loop drains.
  Context background() const noexcept;

  // Cancels the root, and so all but what is under without_cancel, with this cause.
  void drain(std::error_code cause = errc::shutdown) noexcept;

  // Runs the io_context until it is stopped or nothing is left to do; the number of handlers that ran. While tasks
  // are alive, a RemoteCancel of a context that is not done is something to do: it is waited for. Tasks that are
  // alive at the end, and that nothing can wake any more, are a deadlock: errc::deadlock. Where only a task's waits
  // are left after a stop, one more handler may run, to tell the two apart.
  // A thread that will post to the loop holds a work guard of the io_context, as with io_context::run.
  Result<std::size_t> run();

  TimePoint now() const noexcept;
  asio::io_context& io() const noexcept;
  const std::string& name() const noexcept;

  // Any thread, also after the loop's end.
  std::shared_ptr<const Metrics> metrics() const noexcept;

  detail::LoopState& state() const noexcept { return *state_; }

 private:
  detail::LoopState* state_;  // counted
  std::function<void(const std::vector<TaskInfo>&)> on_abandoned_;
};

// Tasks alive now, in O(1) (Go: runtime.NumGoroutine). Any thread.
inline std::size_t live_tasks(const Loop& loop) noexcept { return loop.metrics()->live_tasks.get(); }

}  // namespace leash
