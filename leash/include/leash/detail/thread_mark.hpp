// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a loop knows of the thread that it belongs to. Internal.

#include <atomic>

namespace leash::detail {

class LoopState;

// One for each thread that has run a loop; it stays while a loop refers to it.
struct ThreadMark {
  std::atomic<const LoopState*> turn{nullptr};  // of the loop whose turn the thread is in
  std::atomic<bool> ended{false};
  std::atomic<int> refs{1};  // the thread's, and one for each loop that belongs to it

  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

inline constinit thread_local ThreadMark* this_thread = nullptr;

ThreadMark& make_thread_mark();
inline ThreadMark& thread_mark() { return this_thread ? *this_thread : make_thread_mark(); }

// After it returns, each thread sees what this one wrote before, or this one sees what that one has written: the
// price of a check for which the other thread pays nothing.
void barrier_for_all_threads() noexcept;

}  // namespace leash::detail
