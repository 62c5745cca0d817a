// SPDX-License-Identifier: BSL-1.0
#pragma once
// The part of a loop that other threads hold and may use. Internal.
//
// Guarantees     nothing is posted to the event loop after the loop's end. What a thread drops is let go of on the
//                loop's thread, with one post for any number of them.
// Threads        any, unless a line says otherwise.

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "leash/detail/event_loop.hpp"

namespace leash::detail {

class LoopRemote : public std::enable_shared_from_this<LoopRemote> {
 public:
  // An object of the loop by which another thread can wake tasks, until it is dropped or has had its effect.
  class Waker {
   public:
    virtual void let_go() noexcept = 0;  // the loop's thread, after it was dropped

   protected:
    ~Waker() = default;

   private:
    friend class LoopRemote;
    bool counts_ = false;
    std::shared_ptr<Waker> next_;  // in the list of those that were dropped
  };

  explicit LoopRemote(EventLoop& events) noexcept : events_(&events) {}

  void add(Waker& waker, bool any_tasks) noexcept;  // the loop's thread
  void has_had_its_effect(Waker& waker) noexcept;
  void drop(std::shared_ptr<Waker> waker) noexcept;
  bool has_wakers() const noexcept { return wakers_.load(std::memory_order_relaxed) != 0; }

  // Runs it on the loop's thread, or not at all if the loop has ended.
  template <class F>
  void post(F f) {
    const std::lock_guard lock(mutex_);
    if (events_) events_->post(std::move(f));
  }

  // The loop's thread. During Loop::run, the io_context has work while there are wakers and tasks, so it returns only
  // when it is stopped.
  void begin_run(bool any_tasks) noexcept;
  void end_run() noexcept;
  void tasks_changed(bool any_tasks) noexcept;  // from none or to none; only needed while there are wakers

  void let_go_of_dropped() noexcept;  // the loop's thread
  void close() noexcept;              // the loop's thread, at its end

 private:
  void no_longer_counts(Waker& waker) noexcept;
  void hold_work_if_needed() noexcept;
  void post_letting_go() noexcept;

  mutable std::mutex mutex_;
  EventLoop* events_;                   // null after the loop's end
  std::atomic<std::size_t> wakers_{0};  // changed under the lock
  bool running_ = false;
  bool any_tasks_ = false;
  bool holds_work_ = false;
  std::shared_ptr<Waker> dropped_;
  bool posted_ = false;  // let_go_of_dropped
};

}  // namespace leash::detail
