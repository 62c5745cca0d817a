// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a Loop on Asio and a Loop on Boost.Asio have in common: all but the io_context.
//
// What it is     the base class of Loop (leash/loop.hpp, which has what holds for both). What looks into loops takes any of
//                them: leash/dump.hpp, leash/loops.hpp.
// Threads        as Loop.
// Lifetime       as Loop.
//
//   const leash::LoopBase& any = loop;
//   std::cout << any.name() << ": " << leash::live_tasks(any) << " tasks\n";

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/metrics.hpp"

namespace leash {

struct TaskInfo;
namespace detail {
class EventLoop;
class LoopState;
}  // namespace detail

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

class LoopBase {
 public:
  LoopBase(const LoopBase&) = delete;
  LoopBase& operator=(const LoopBase&) = delete;

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
  const std::string& name() const noexcept;

  /// Callable on any thread, also after the loop's end.
  std::shared_ptr<const Metrics> metrics() const noexcept;
  [[deprecated("is called metrics()")]] std::shared_ptr<const Metrics> figures() const noexcept {
    return metrics();
  }

  detail::LoopState& state() const noexcept { return *state_; }

 protected:
  LoopBase(std::unique_ptr<detail::EventLoop> events, LoopOptions options);
  ~LoopBase();

 private:
  detail::LoopState* state_;  ///< counted
  Context background_;
  std::function<void(const std::vector<TaskInfo>&)> on_abandoned_;
};

/// The number of live tasks, in O(1) (Go: runtime.NumGoroutine). Any thread.
inline std::size_t live_tasks(const LoopBase& loop) noexcept { return loop.metrics()->live_tasks.get(); }

}  // namespace leash
