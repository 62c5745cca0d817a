// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/owner_state.hpp"

#include <utility>

namespace leash::detail {

void OwnerState::end(std::error_code why) {
  Watchers told;
  {
    const std::lock_guard lock(mutex);
    if (done()) return;
    cause = why;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    done_at.store(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), std::memory_order_release);
    for (auto& watcher : watchers) told.push_back(std::exchange(watcher, nullptr));
  }
  for (const auto& tell : told) tell();
}

OwnerState::Watchers::iterator OwnerState::watch(std::function<void()> tell) {
  {
    const std::lock_guard lock(mutex);
    if (!done()) return watchers.insert(watchers.end(), std::move(tell));
  }
  tell();
  const std::lock_guard lock(mutex);
  return watchers.insert(watchers.end(), nullptr);
}

void OwnerState::unwatch(Watchers::iterator watcher) {
  const std::lock_guard lock(mutex);
  watchers.erase(watcher);
}

}  // namespace leash::detail
