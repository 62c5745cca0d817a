// SPDX-License-Identifier: BSL-1.0
#include "leash/wait_group.hpp"

#include "leash/error.hpp"

namespace leash::detail {

void WaitGroupState::add(std::int64_t n) noexcept {
  check(!__builtin_add_overflow(count, n, &count), "the counter of a WaitGroup overflowed");
  check(count >= 0, "the counter of a WaitGroup went below 0: done was called more often than add");
  if (count != 0) return;
  const Ref<WaitGroupState> keep(this);
  tell_all(waiters);
}

}  // namespace leash::detail
