// SPDX-License-Identifier: BSL-1.0
#include "leash/src/loop/loop_registry.hpp"

#include <mutex>
#include <utility>

#include "leash/loop.hpp"

namespace leash::detail {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<LoopEntry> alive;
  AbandonedWatcher watcher;
};

Registry& registry() {
  static Registry& the_only_one = *new Registry;  // never destroyed: a static Loop may end after all else
  return the_only_one;
}

}  // namespace

void enter_loop(const Loop& loop) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.alive.push_back({loop.name(), loop.metrics()});
}

void leave_loop(const Loop& loop) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.alive, [&](const LoopEntry& entry) { return entry.metrics == loop.metrics(); });
}

std::vector<LoopEntry> live_loops() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return all.alive;
}

void watch_abandoned(AbandonedWatcher watcher) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.watcher = std::move(watcher);
}

AbandonedWatcher abandoned_watcher() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return all.watcher;  // to be called without the lock: it has one of its own
}

}  // namespace leash::detail
