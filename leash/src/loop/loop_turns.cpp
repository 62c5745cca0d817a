// SPDX-License-Identifier: BSL-1.0
// The turns of a loop: their thread, and what runs in them.
#include <atomic>

#include "leash/detail/loop_state.hpp"
#include "leash/error.hpp"

namespace leash::detail {

LoopState::Turn::Turn(LoopState& state) noexcept : loop(&state), thread(thread_mark()) {
  turn_before = thread.turn.load(std::memory_order_relaxed);
  thread.turn.store(&state, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (loop->owner_.load(std::memory_order_relaxed) != &thread) [[unlikely]]
    loop->take_over(thread);
  inside_another = std::exchange(loop->in_turn_, true);  // a task polls the io_context
  loop->budget_ = loop->settings_.turn_budget;
}

LoopState::Turn::~Turn() {
  loop->drain();
  if (!inside_another) {
    loop->in_turn_ = false;
    loop->arm();
  }
  thread.turn.store(turn_before, std::memory_order_relaxed);
}

// The check costs the other thread nothing in its turns. That thread marks its turn before it reads the owner of the
// loop. This thread writes the owner before it reads that mark.
void LoopState::take_over(ThreadMark& thread) noexcept {
  thread.retain();
  ThreadMark* const before = owner_.exchange(&thread);
  if (!before) return;
  barrier_for_all_threads();
  check(before == &thread || before->turn.load(std::memory_order_relaxed) != this,
        "an io_context that has a Loop is run by several threads at once: each thread needs an io_context "
        "and a Loop "
        "of its own");
  before->release();
}

void LoopState::check_other_thread() noexcept {
  ThreadMark& thread = thread_mark();
  const ThreadMark* const owner = owner_.load(std::memory_order_acquire);
  if (!owner || owner == &thread || closed_) return;
  if (events_->runs_in_this_thread()) {
    take_over(thread);
    return;
  }
  const bool in_a_turn = owner->turn.load(std::memory_order_relaxed) == this;
  const bool free = owner->ended.load(std::memory_order_acquire) || events_->stopped();
  check(free && !in_a_turn,
        "a loop's tasks, contexts and channels belong to its thread; this is another one: post to the loop's "
        "io_context, or use a RemoteCancel or a RemoteChannel");
}

void LoopState::drain() noexcept {
  while (!closing_) {
    auto* const hook = callbacks_.front();
    auto* const ready = ready_.front();
    if (!hook && !ready) return;
    // Alternating with tasks, so that a callback that registers itself again does not delay them.
    if (hook && (!ready || !callback_was_last_)) {
      callback_was_last_ = true;
      hook->unlink();
      auto& callback = static_cast<Callback&>(*hook);
      callback.run(callback);
    } else {
      callback_was_last_ = false;
      ready->unlink();
      resume(static_cast<TaskRecord&>(*ready));
    }
    if (budget_ == 0 || --budget_ == 0) break;
  }
  if (!closing_ && (!callbacks_.empty() || !ready_.empty())) post_drain();
}

void LoopState::post_drain() noexcept { events_->post_turn(*this); }

void LoopState::call_soon(Callback& callback) noexcept {
  if (closing_) return;
  callbacks_.push_back(callback);
  if (!in_turn_) post_drain();
}

}  // namespace leash::detail
