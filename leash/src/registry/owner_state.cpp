// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/owner_state.hpp"

#include <vector>

namespace leash::detail {

void OwnerState::end(std::error_code why) {
  // Kept until the lock is released, because the last handle of a watcher calls unwatch.
  std::vector<std::shared_ptr<OwnerWatcher>> told;
  {
    const std::lock_guard lock(mutex);
    if (done()) return;
    cause = why;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    done_at.store(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(),
                  std::memory_order_release);
    for (const auto& each : watchers) {
      if (auto watcher = each.lock()) told.push_back(std::move(watcher));
    }
  }
  for (const auto& watcher : told) watcher->owner_ended();
}

OwnerState::Watchers::iterator OwnerState::watch(const std::shared_ptr<OwnerWatcher>& watcher) {
  std::unique_lock lock(mutex);
  const auto place = watchers.insert(watchers.end(), watcher);
  const bool too_late = done();
  lock.unlock();
  if (too_late) watcher->owner_ended();
  return place;
}

void OwnerState::unwatch(Watchers::iterator watcher) {
  const std::lock_guard lock(mutex);
  watchers.erase(watcher);
}

}  // namespace leash::detail
