// SPDX-License-Identifier: BSL-1.0
#pragma once
// The loop's data about the thread that it belongs to. Internal.

#include <atomic>

namespace leash::detail {

class LoopState;

// One per thread that has run a loop. It exists while a loop refers to it.
struct ThreadMark {
  std::atomic<const LoopState*> turn{nullptr};  // the loop whose turn runs on the thread
  std::atomic<bool> ended{false};
  std::atomic<int> refs{1};  // one for the thread, and one for each loop that belongs to it

  void retain() noexcept { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

inline constinit thread_local ThreadMark* this_thread = nullptr;

ThreadMark& make_thread_mark();
inline ThreadMark& thread_mark() { return this_thread ? *this_thread : make_thread_mark(); }

// After it returns, each other thread sees what this thread wrote before, or this thread sees what that one wrote. Only
// this thread pays for the check.
void barrier_for_all_threads() noexcept;

}  // namespace leash::detail
