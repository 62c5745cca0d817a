// SPDX-License-Identifier: BSL-1.0
#include "leash/task.hpp"

#include "leash/detail/heap_charges.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/tracking.hpp"

namespace leash::detail {

void enter_frame(TaskRecord& task, PromiseBase& frame) noexcept {
  frame.parent = task.innermost;
  task.innermost = &frame;
  if constexpr (tracking) task.bytes += frame.bytes;  // resume() adds it to the site
}

void leave_frame(TaskRecord& task, PromiseBase& frame) noexcept {
  task.innermost = frame.parent;
  if constexpr (tracking) task.bytes -= frame.bytes;
}

bool may_go_on(TaskRecord& task) noexcept { return task.loop().may_go_on(); }
void park(TaskRecord& task, WaitKind kind, const Selection* selection) noexcept {
  task.loop().park(task, kind, selection);
}
void schedule(TaskRecord& task) noexcept { task.loop().schedule(task); }
std::uint32_t random(TaskRecord& task) noexcept { return task.loop().random(); }
TimePoint now(TaskRecord& task) noexcept { return task.loop().now(); }
void add_timer(TaskRecord& task, Timer& timer, TimePoint when) { task.loop().add_timer(timer, when); }
void add_again(TaskRecord& task, Timer& timer, TimePoint when) noexcept {
  task.loop().add_again(timer, when);
}
void remove_timer(TaskRecord& task, Timer& timer) noexcept { task.loop().remove_timer(timer); }
void attach(SignalNode& node, Dependent& dependent) noexcept {
  node.loop->check_thread();  // the context may belong to another loop than the task
  LoopState::attach(node, dependent);
}

bool running(Charge& charge) noexcept {
  const TaskRecord* const task = current.task;
  if (!task || Uncharged::paused) return false;
  const std::shared_ptr<Metrics>& metrics = task->loop().metrics();
  const SiteMetrics& site = metrics->at(task->site);
  charge = {metrics.get(), task->id, site.file, site.line};
  return true;
}

}  // namespace leash::detail
