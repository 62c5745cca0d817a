// Tasks whose owner is done: orphans, leaked after the grace, and reaped.
#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/scope.hpp"

namespace leash::detail {

void LoopState::owner_done(Dependent& dependent) noexcept {
  auto& task = static_cast<TaskRecord&>(dependent);
  task.loop().make_orphan(task);
}

void LoopState::make_orphan(TaskRecord& task) noexcept {
  SiteMetrics& site = metrics_->at(task.site);
  if (task.detached) site.detached.subtract();
  task.detached = false;
  task.orphan = true;
  site.orphaned.add();
  orphans_.push_back(task);
  arm_grace();
}

void LoopState::make_leaked(TaskRecord& task) noexcept {
  task.leaked = true;
  SiteMetrics& site = metrics_->at(task.site);
  site.leaked[static_cast<std::size_t>(task.wait)].add();
  site.leaks.add();
  static_cast<Hook<Dependent>&>(task).unlink();
  leaked_.push_back(task);
}

void LoopState::arm_grace() noexcept {
  if (grace_timer_.armed() || closing_ || settings_.grace == Duration::max()) return;
  if (auto* hook = orphans_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_own_timer(grace_timer_, later(task.orphan_since(), settings_.grace));
  }
}

void LoopState::arm_reaper() noexcept {
  if (reap_timer_.armed() || closing_ || settings_.reap_after == Duration::max()) return;
  if (auto* hook = leaked_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_own_timer(reap_timer_, later(task.orphan_since(), settings_.reap_after));
  }
}

void LoopState::promote_orphans() noexcept {
  const TimePoint old_enough = now() - settings_.grace;
  while (auto* hook = orphans_.front()) {
    auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
    if (task.orphan_since() > old_enough) break;
    make_leaked(task);
  }
  arm_grace();
  arm_reaper();
}

void LoopState::reap_old() noexcept {
  const TimePoint old_enough = now() - settings_.reap_after;
  reap([&](const TaskRecord& task) { return task.orphan_since() <= old_enough; }, SIZE_MAX);
  arm_reaper();
}

// --- reaping ---

TaskRecord* TaskRecord::holder() const noexcept {
  const Scope* const s = scope();
  return s ? s->holder_ : nullptr;
}

std::size_t LoopState::reap(List<Dependent>& chosen) noexcept {
  check_thread();
  for (auto* hook = chosen.front(); hook; hook = chosen.next(*hook)) {
    static_cast<TaskRecord&>(static_cast<Dependent&>(*hook)).doomed = true;
  }
  block_doomed();
  std::size_t waiting = 0;
  // What a frame destroys may destroy others that were chosen: those unlink themselves.
  while (auto* hook = chosen.front()) {
    auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
    hook->unlink();
    if (task.blocked) {
      ++waiting;
    } else {
      destroy(task);
    }
  }
  return waiting;
}

void LoopState::let_go(List<InScope>& tasks) noexcept {
  while (!tasks.empty()) {  // a destructor may start more
    List<InScope> going;
    going.splice(tasks);
    for (auto* hook = going.front(); hook; hook = going.next(*hook)) {
      auto& task = static_cast<ScopedTaskRecord&>(*hook);
      task.scope = nullptr;
      task.doomed = true;
    }
    block_doomed();
    while (auto* hook = going.back()) {
      hook->unlink();
      auto& task = static_cast<ScopedTaskRecord&>(*hook);
      if (!task.blocked) destroy(task);
    }
  }
}

// An operation that has to return may refer to frames of the task that waits for it, and to those of the tasks
// that hold the scopes it is in. If one of them is doomed, all are up to that one; the operation is told to
// stop, and the frames go when it has returned.
void LoopState::block_doomed() noexcept {
  if (closing_) return;  // the frames go at once
  const bool nested = std::exchange(finishing_, true);
  List<Operation> looked_at;  // what ends when others are told to stop unlinks itself
  while (auto* hook = returning_.front()) {
    hook->unlink();
    looked_at.push_back(*hook);
    auto& operation = static_cast<Operation&>(*hook);
    TaskRecord* outermost = nullptr;
    for (TaskRecord* task = operation.task; task; task = task->holder()) {
      if (task->doomed) outermost = task;
    }
    if (!outermost) continue;
    for (TaskRecord* task = operation.task;; task = task->holder()) {
      task->doomed = task->blocked = true;
      if (task == outermost) break;
    }
    operation.stop();
  }
  returning_.splice(looked_at);
  finishing_ = nested;
}

// A doomed task was woken: perhaps because what blocked it, or the one that holds its scope, has returned.
void LoopState::go_on_reaping(TaskRecord& task) noexcept {
  for (TaskRecord* next = &task; next && next->doomed;) {
    next->blocked = false;
    block_doomed();
    if (next->blocked || next->running) return;
    TaskRecord* const holder = next->holder();
    destroy(*next);
    next = holder;
  }
}

}  // namespace leash::detail
