// SPDX-License-Identifier: BSL-1.0
// Tasks whose owner is done: orphans, leaked after the grace, and reaped; and contexts that outlive the owner of the
// task that made them.
#include <algorithm>
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
  TimePoint first = TimePoint::max();
  if (auto* hook = orphans_.front()) {
    first = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook)).orphan_since();
  }
  if (auto* hook = late_.front()) {
    first = std::min(first, static_cast<const Maker&>(static_cast<const Dependent&>(*hook)).since);
  }
  if (first != TimePoint::max()) add_own_timer(grace_timer_, later(first, settings_.grace));
}

// Otherwise run() would not return before they are due.
void LoopState::remove_idle_timers() noexcept {
  if (orphans_.empty() && late_.empty()) remove_timer(grace_timer_);
  if (leaked_.empty()) remove_timer(reap_timer_);
}

void LoopState::arm_reaper() noexcept {
  if (reap_timer_.armed() || closing_ || settings_.reap_after == Duration::max()) return;
  if (auto* hook = leaked_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_own_timer(reap_timer_, later(task.orphan_since(), settings_.reap_after));
  }
}

void LoopState::promote_orphans() noexcept {
  const TimePoint time = now();
  while (auto* hook = orphans_.front()) {
    auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
    if (between(task.orphan_since(), time) < settings_.grace) break;
    make_leaked(task);
  }
  while (auto* hook = late_.front()) {
    auto& maker = static_cast<Maker&>(static_cast<Dependent&>(*hook));
    if (between(maker.since, time) < settings_.grace) break;
    hook->unlink();
    outlived_.push_back(maker);
    maker.outlived = true;
    metrics_->at(maker.site).contexts_outlived.add();
    metrics_->at(maker.site).contexts_ever_outlived.add();
  }
  arm_grace();
  arm_reaper();
}

void LoopState::reap_old() noexcept {
  const TimePoint time = now();
  reap([&](const TaskRecord& task) { return between(task.orphan_since(), time) >= settings_.reap_after; },
       SIZE_MAX);
  arm_reaper();
}

// --- contexts ---

Maker::Maker(SignalNode& node, SignalNode& owner_node) noexcept
    : Dependent(&LoopState::maker_done), made(node), owner(&owner_node) {}

// Of the nodes above, only those that can be done are visited. The last one is the background, or `never` if one of
// the others is detached.
static bool may_outlive(const SignalNode& node, const SignalNode& owner,
                        const SignalNode& background) noexcept {
  const SignalNode* above = node.parent->signal;
  for (; above != &owner; above = above->parent->signal)
    if (!above->parent) return above == &background;
  return false;
}

void LoopState::watch_maker(SignalNode& node) {
  if (!current.task || !tracking) return;
  SignalNode* owner = current.task->owner->signal;
  // The usual case, which is found quickly even if scopes are nested deeply.
  if (!may_end(*owner) || !may_outlive(node, *owner, *background_)) return;
  while (owner->of_scope) owner = owner->parent->signal;
  if (owner->loop != this || !may_end(*owner) || !may_outlive(node, *owner, *background_)) return;
  node.maker = new Maker(node, *owner);
  node.maker->number_made = ++makers_;
  if (owner->done()) {
    owner_has_ended(*node.maker, now());
  } else {
    attach(*owner, *node.maker);
  }
}

void LoopState::maker_done(Dependent& dependent) noexcept {
  auto& maker = static_cast<Maker&>(dependent);
  maker.made.loop->owner_has_ended(maker, maker.owner->done_at);
}

void LoopState::owner_has_ended(Maker& maker, TimePoint since) noexcept {
  const Label label = Context(*maker.owner).label();
  maker.label = label.name;
  maker.number = label.number;
  maker.cause = maker.owner->cause;
  maker.since = since;
  maker.owner = nullptr;
  maker.site = metrics_->site(maker.made.where);
  metrics_->at(maker.site).contexts_orphaned.add();
  late_.push_back(maker);
  arm_grace();
}

void LoopState::let_maker_go(SignalNode& node) noexcept {
  const Maker* const maker = std::exchange(node.maker, nullptr);
  if (!maker->owner) metrics_->at(maker->site).contexts_orphaned.subtract();
  if (maker->outlived) metrics_->at(maker->site).contexts_outlived.subtract();
  delete maker;
  remove_idle_timers();
}

// --- reaping ---

TaskRecord* TaskRecord::holder() const noexcept {
  const Scope* const s = scope();
  return s ? s->holder_ : nullptr;
}

LoopState::ReapCount LoopState::reap(List<Dependent>& chosen) noexcept {
  check_thread();
  const std::uint64_t destroyed_before = destroyed_;
  List<Ready> doomed;
  for (auto* hook = chosen.front(); hook; hook = chosen.next(*hook)) {
    doom(static_cast<TaskRecord&>(static_cast<Dependent&>(*hook)), doomed);
  }
  destroy_all(doomed);
  ReapCount count;
  count.ended = destroyed_ - destroyed_before;
  while (auto* hook = chosen.front()) {  // a destroyed task unlinks itself
    hook->unlink();
    ++count.waiting;
  }
  return count;
}

void LoopState::let_go(List<InScope>& tasks) noexcept {
  while (!tasks.empty()) {  // a destructor may start more tasks
    List<Ready> doomed;
    while (auto* hook = tasks.front()) {
      hook->unlink();
      auto& task = static_cast<ScopedTaskRecord&>(*hook);
      task.scope = nullptr;
      doom(task, doomed);
    }
    destroy_all(doomed);
  }
}

void LoopState::end_by_force(TaskRecord& task) noexcept {
  List<Ready> doomed;
  doom(task, doomed);
  destroy_all(doomed);
}

void LoopState::doom(TaskRecord& task, List<Ready>& doomed) noexcept {
  task.doomed = true;
  static_cast<Hook<Ready>&>(task).unlink();
  doomed.push_back(task);
}

// From the end of the list: first the tasks of the scopes that a task holds, then its own frames. So borrowed objects
// outlive the tasks that borrowed them, and the stack does not grow with the number of tasks. A task stays while it
// runs, while an operation may still use its arguments, or while a task below it stays; it is checked again when that
// has changed. Destructors of frames and canceled operations may call the library meanwhile.
void LoopState::destroy_all(List<Ready>& doomed) noexcept {
  while (auto* hook = doomed.back()) {
    auto& task = static_cast<TaskRecord&>(*hook);
    if (task.running) {
      hook->unlink();
      continue;
    }
    stop_operations(task);
    if (!static_cast<Hook<Ready>&>(task).linked()) doomed.push_back(task);  // ended by one of these, too
    bool stays = false;
    bool more = false;
    if (TaskExtra* const extra = task.extra_if_any()) {
      for (auto* operation = extra->operations.front(); operation;
           operation = extra->operations.next(*operation)) {
        stays = stays || static_cast<Operation&>(*operation).has_to_return;
      }
      for (auto* held = extra->scopes.front(); held; held = extra->scopes.next(*held)) {
        List<InScope>& below = static_cast<Scope&>(*held).tasks_;
        for (auto* child_hook = below.front(); child_hook; child_hook = below.next(*child_hook)) {
          auto& child = static_cast<ScopedTaskRecord&>(*child_hook);
          stays = true;
          if (child.doomed) continue;
          doom(child, doomed);
          more = true;
        }
      }
    }
    if (more) continue;
    hook->unlink();
    if (stays) continue;
    const Ref<ContextNode> owner = task.owner;  // the destructors of its values run last
    TaskRecord* const holder = task.holder();
    destroy(task);
    if (holder && holder->doomed && !static_cast<Hook<Ready>&>(*holder).linked()) doomed.push_back(*holder);
  }
}

void LoopState::stop_operations(TaskRecord& task) noexcept {
  TaskExtra* const extra = task.extra_if_any();
  if (!extra || extra->operations.empty()) return;
  const bool nested = std::exchange(finishing_, true);
  task.running = true;
  List<Operation> told;  // an operation that ends meanwhile unlinks itself
  while (auto* hook = extra->operations.front()) {
    hook->unlink();
    told.push_back(*hook);
    static_cast<Operation&>(*hook).stop();
  }
  extra->operations.splice(told);
  task.running = false;
  finishing_ = nested;
}

}  // namespace leash::detail
