// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/loop_remote.hpp"

#include <new>
#include <utility>

namespace leash::detail {

void LoopRemote::hold_work_if_needed() noexcept {
  const bool needed = running_ && any_tasks_ && has_wakers();
  if (!events_ || needed == holds_work_) return;
  holds_work_ = needed;
  if (needed) {
    events_->hold_work();
  } else {
    events_->release_work();
  }
}

void LoopRemote::add(Waker& waker, bool any_tasks) noexcept {
  const std::lock_guard lock(mutex_);
  waker.counts_ = true;
  ++wakers_;
  any_tasks_ = any_tasks;
  hold_work_if_needed();
}

void LoopRemote::no_longer_counts(Waker& waker) noexcept {
  if (!std::exchange(waker.counts_, false)) return;
  --wakers_;
  hold_work_if_needed();
}

void LoopRemote::has_had_its_effect(Waker& waker) noexcept {
  const std::lock_guard lock(mutex_);
  no_longer_counts(waker);
}

void LoopRemote::drop(std::shared_ptr<Waker> waker) noexcept {
  const std::lock_guard lock(mutex_);
  Waker& dropped = *waker;
  if (!dropped.counts_) return;  // the loop has released it
  if (events_) {
    dropped.next_ = std::exchange(dropped_, std::move(waker));
    post_letting_go();
  }
  // Last: if only this waker kept run() from returning, the posted function must run first.
  no_longer_counts(dropped);
}

void LoopRemote::post_letting_go() noexcept {
  if (posted_) return;
  try {
    events_->post([self = shared_from_this()] {
      {
        const std::lock_guard lock(self->mutex_);
        self->posted_ = false;
      }
      self->let_go_of_dropped();
    });
    posted_ = true;
  } catch (const std::bad_alloc&) {  // the next dropped waker tries again
  }
}

void LoopRemote::let_go_of_dropped() noexcept {
  std::shared_ptr<Waker> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped = std::exchange(dropped_, nullptr);
  }
  while (dropped) {
    dropped->let_go();
    dropped = std::exchange(dropped->next_, nullptr);
  }
}

void LoopRemote::begin_run(bool any_tasks) noexcept {
  const std::lock_guard lock(mutex_);
  running_ = true;
  any_tasks_ = any_tasks;
  hold_work_if_needed();
}

void LoopRemote::end_run() noexcept {
  const std::lock_guard lock(mutex_);
  running_ = false;
  hold_work_if_needed();
}

void LoopRemote::tasks_changed(bool any_tasks) noexcept {
  const std::lock_guard lock(mutex_);
  any_tasks_ = any_tasks;
  hold_work_if_needed();
}

void LoopRemote::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(holds_work_, false)) events_->release_work();
    events_ = nullptr;
  }
  let_go_of_dropped();
}

}  // namespace leash::detail
