// SPDX-License-Identifier: BSL-1.0
#pragma once
// A loop: one asio::io_context run by one thread, with the tasks, contexts and timers that leash keeps for it.
//
// What it is     the owner of tasks, contexts and timers.
// Requires       the io_context is created before the Loop, destroyed after it, and run by one thread at a time.
// Guarantees     the destructor ends every context, cancels every operation, and runs the io_context until the operations
//                have ended. Handlers of other objects run there too, and their exceptions reach on_exception. Work on
//                another thread that cannot be canceled is waited for; after 1 s, standard error says what it waits
//                for. Then the frames of the remaining tasks are destroyed: the newest task first, in each task the
//                innermost frame first. Name look-ups are abandoned. So are, after 1 s, operations that nothing can
//                complete because the io_context has no work; their frames stay until they return. Contexts, channels
//                and handles that outlive the loop are inert.
// Threads        the loop belongs to the thread that runs the io_context, until that thread has ended, the io_context has
//                stopped, or another thread runs it; metrics() may be called on any thread. A call from another thread,
//                or an io_context run by several threads at once, ends the process with a message (docs/threads.md).
//                Two loops may share a thread. A task may poll the io_context: then handlers, and other tasks with them,
//                run inside that call. After fork, the child must not use a loop of its parent, and ends by _exit or exec.
// Lifetime       may be a static object. A handler of the io_context may destroy it. Destroying it, or calling run(),
//                inside one of its own tasks or callbacks ends the process with a message.
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
  /// Not owned, and must outlive the loop; null: the steady clock.
  Clock* clock = nullptr;
  /// How long an orphan may live before it counts as leaked; Duration::max(): never.
  Duration grace = std::chrono::seconds(1);
  /// How long an orphan may live before it is reaped (leash/reaper.hpp), but not before it counts as leaked;
  /// Duration::max(): only reap() does it.
  Duration reap_after = Duration::max();
  /// Timers are rounded up to multiples of this: fewer wake-ups, each later by up to this much.
  Duration timer_grid = std::chrono::microseconds(500);
  /// How many tasks and ready awaits one turn runs before other handlers of the io_context get their share. With 1, each
  /// step of each task is a separate handler, for tests.
  std::uint32_t turn_budget = 256;
  /// Called with an exception that escaped a task and that no join rethrows (with the task), or that escaped a callback of
  /// after_func, was kept by a scope that was not joined, or escaped a handler run by the Loop's destructor (null). The
  /// default writes it to standard error. It may start and reap tasks and end scopes; it must not throw.
  std::function<void(std::exception_ptr, const TaskInfo*)> on_exception = {};
  /// Called in the destructor with the tasks that are still alive, before their frames are destroyed. Must not throw. If
  /// there is no memory to describe the tasks it is not called, and standard error says so.
  std::function<void(const std::vector<TaskInfo>&)> on_abandoned = {};
};

class Loop {
 public:
  explicit Loop(asio::io_context& io, LoopOptions options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// The root of the context tree; done only when the loop drains. Valid as long as the loop.
  const Context& background() const noexcept { return background_; }

  /// Cancels the root with this cause, and so all contexts except those below without_cancel.
  void drain(std::error_code cause = errc::shutdown) noexcept;

  /// Runs the io_context until it is stopped or out of work; returns the number of handlers that ran. While tasks are
  /// alive, a RemoteCancel of a context that is not done, and a RemoteSender, count as work. If tasks that nothing can
  /// wake are alive at the end, the result is errc::deadlock. After a stop, one more handler may run to find out whether
  /// only waits of tasks are left.
  /// A thread that will post to the loop must hold a work guard of the io_context, as with io_context::run.
  Result<std::size_t> run();

  TimePoint now() const noexcept;
  asio::io_context& io() const noexcept;
  const std::string& name() const noexcept;

  /// Callable on any thread, also after the loop's end.
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

/// The number of live tasks, in O(1) (Go: runtime.NumGoroutine). Any thread.
inline std::size_t live_tasks(const Loop& loop) noexcept { return loop.metrics()->live_tasks.get(); }

}  // namespace leash
