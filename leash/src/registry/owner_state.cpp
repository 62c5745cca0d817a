// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/owner_state.hpp"

#include <utility>

namespace leash::detail {

void OwnerState::end(std::error_code why) {
  const std::lock_guard lock(mutex);
  if (done()) return;
  cause = why;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  done_at.store(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), std::memory_order_release);
  for (const auto& tell : watchers) tell();
}

OwnerState::Watchers::iterator OwnerState::watch(std::function<void()> tell) {
  const std::lock_guard lock(mutex);
  if (done()) tell();
  return watchers.insert(watchers.end(), std::move(tell));
}

void OwnerState::unwatch(Watchers::iterator watcher) {
  const std::lock_guard lock(mutex);
  watchers.erase(watcher);
}

}  // namespace leash::detail
