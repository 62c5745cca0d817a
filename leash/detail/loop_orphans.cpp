// Tasks whose owner is done: orphans, leaked after the grace, and reaped.
#include "leash/check.hpp"
#include "leash/detail/loop_state.hpp"

namespace leash::detail {

void LoopState::owner_done(Dependent& dependent) noexcept {
  auto& task = static_cast<TaskRecord&>(dependent);
  task.loop().make_orphan(task);
}

void LoopState::make_orphan(TaskRecord& task) noexcept {
  SiteFigures& site = figures_->at(task.site);
  if (task.detached) site.detached.subtract();
  task.detached = false;
  task.orphan = true;
  site.orphaned.add();
  orphans_.push_back(task);
  arm_grace();
}

void LoopState::make_leaked(TaskRecord& task) noexcept {
  task.leaked = true;
  SiteFigures& site = figures_->at(task.site);
  site.leaked[static_cast<std::size_t>(task.wait)].add();
  site.leaks.add();
  static_cast<Hook<Dependent>&>(task).unlink();
  leaked_.push_back(task);
}

void LoopState::arm_grace() noexcept {
  if (grace_timer_.armed() || closing_ || settings_.grace == Duration::max()) return;
  if (auto* hook = orphans_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_timer(grace_timer_, later(task.orphan_since(), settings_.grace));
  }
}

void LoopState::arm_reaper() noexcept {
  if (reap_timer_.armed() || closing_ || settings_.reap_after == Duration::max()) return;
  if (auto* hook = leaked_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_timer(reap_timer_, later(task.orphan_since(), settings_.reap_after));
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

std::size_t LoopState::reap(List<Dependent>& chosen) noexcept {
  check_thread();
  std::size_t waiting = 0;
  // What a frame destroys may destroy others that were chosen: those unlink themselves.
  while (auto* hook = chosen.front()) {
    auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
    hook->unlink();
    if (task.uncancellable) {
      task.doomed = true;
      reaping_.push_back(task);
      ++waiting;
    } else {
      if (task.running) reaping_.push_back(task);
      destroy(task);
    }
  }
  return waiting;
}

}  // namespace leash::detail
