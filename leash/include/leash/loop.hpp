// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop: one asio::io_context run by one thread, with what leash keeps for it.
//
// What it is     the home of tasks, contexts and timers.
// Requires       the io_context is made before the Loop, destroyed after it, and run by one thread at a time.
// Guarantees     when the Loop is destroyed, every context under it is done, every operation is canceled, and the
//                io_context runs in the destructor until they have ended: handlers of other objects run there, too, and
//                what they throw reaches on_exception. Work that cannot be canceled, on another thread, is waited for;
//                after 1 s standard error says for what. Then the frames of the tasks that are left are destroyed: the
//                newest task first, in each the innermost frame first. Name look-ups are left behind. So are, after
//                1 s, operations that nothing can complete because the io_context has no work; their frames stay
//                until they return. Contexts, channels and handles that outlive the loop are inert.
// Threads        the loop belongs to the thread that runs the io_context, until that thread has ended or the
//                io_context has stopped, or another thread runs it; metrics() may be read from any. A call from another
//                thread, and an io_context that several threads run at once, end the process with a message
//                (docs/threads.md). Two loops may share a thread. A task may poll the io_context: handlers, and other tasks
//                with them, may run inside that call. After fork, the child uses no loop of its parent, and ends by _exit
//                or exec.
// Lifetime       also a static object. A handler of the io_context may destroy it. One of its own tasks or callbacks may
//                not, and may not call run(): that ends the process with a message.
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
  /// Not owned; null: the steady clock. Outlives the loop.
  Clock* clock = nullptr;
  /// How long an orphan may live before it counts as leaked; Duration::max(): none ever does.
  Duration grace = std::chrono::seconds(1);
  /// How long an orphan may live before it is reaped (leash/reaper.hpp), not before it counts as leaked;
  /// Duration::max(): none is, but by reap().
  Duration reap_after = Duration::max();
  /// Timers are armed upwards to multiples of this: fewer wake-ups, later by up to this much.
  Duration timer_grid = std::chrono::microseconds(500);
  /// How many tasks, and awaits that are ready, a turn goes through before other handlers of the io_context
  /// get their share. 1: each step of each task is a handler of its own, for tests.
  std::uint32_t turn_budget = 256;
  /// An exception left a task and no join rethrows it (the task is described), or it left a callback of
  /// after_func, was kept by a scope that was not joined, or left a handler that ran in the Loop's destructor (null).
  /// By default it is written to standard error. It may start and reap tasks and end scopes; it must not throw.
  std::function<void(std::exception_ptr, const TaskInfo*)> on_exception = {};
  /// The loop is being destroyed and these tasks are still alive; their frames are destroyed next. Must not
  /// throw. Without memory to name the tasks it is not called, and standard error says so.
  std::function<void(const std::vector<TaskInfo>&)> on_abandoned = {};
};

class Loop {
 public:
  explicit Loop(asio::io_context& io, LoopOptions options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// The root of the context tree; done only when the loop drains. Lives as long as the loop.
  const Context& background() const noexcept { return background_; }

  /// Cancels the root, and so all but what is under without_cancel, with this cause.
  void drain(std::error_code cause = errc::shutdown) noexcept;

  /// Runs the io_context until it is stopped or nothing is left to do; the number of handlers that ran. While tasks
  /// are alive, a RemoteCancel of a context that is not done, and a RemoteSender, are something to do: they are waited
  /// for. Tasks that are alive at the end, and that nothing can wake any more, are a deadlock: errc::deadlock. Where
  /// only a task's waits are left after a stop, one more handler may run, to tell the two apart.
  /// A thread that will post to the loop holds a work guard of the io_context, as with io_context::run.
  Result<std::size_t> run();

  TimePoint now() const noexcept;
  asio::io_context& io() const noexcept;
  const std::string& name() const noexcept;

  /// Any thread, also after the loop's end.
  std::shared_ptr<const Metrics> metrics() const noexcept;
  [[deprecated("is called metrics()")]] std::shared_ptr<const Metrics> figures() const noexcept {
    return metrics();
  }

  detail::LoopState& state() const noexcept { return *state_; }

 private:
  detail::LoopState* state_;  ///< counted
  Context background_;
  std::function<void(const std::vector<TaskInfo>&)> on_abandoned_;
};

/// Tasks alive now, in O(1) (Go: runtime.NumGoroutine). Any thread.
inline std::size_t live_tasks(const Loop& loop) noexcept { return loop.metrics()->live_tasks.get(); }

}  // namespace leash
