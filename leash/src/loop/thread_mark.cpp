// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/thread_mark.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace leash::detail {
namespace {

struct EndsWithThread {
  ~EndsWithThread() {
    ThreadMark* const mark = std::exchange(this_thread, nullptr);
    if (!mark) return;
    mark->ended.store(true, std::memory_order_release);
    mark->release();
  }
};

bool has_barrier() noexcept {
  static const bool has = ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  return has;
}

}  // namespace

ThreadMark& make_thread_mark() {
  thread_local EndsWithThread at_end;
  (void)at_end;
  (void)has_barrier();
  return *(this_thread = new ThreadMark);
}

void barrier_for_all_threads() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // If the system does not allow it, two simultaneous turns may remain undetected.
  if (has_barrier()) (void)::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace leash::detail
