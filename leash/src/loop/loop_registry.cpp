// SPDX-License-Identifier: BSL-1.0
#include "leash/src/loop/loop_registry.hpp"

#include <cstdint>
#include <mutex>
#include <utility>

#include "leash/leak_check.hpp"
#include "leash/loop.hpp"

namespace leash::detail {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<LoopEntry> alive;
  std::vector<std::pair<std::uint64_t, AbandonedHook::Function>> hooks;
  std::uint64_t last_hook = 0;
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

void tell_abandoned(const Loop& loop, const std::function<std::vector<TaskInfo>()>& tasks) {
  std::vector<AbandonedHook::Function> told;
  {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    for (const auto& [number, hook] : all.hooks) told.push_back(hook);
  }
  if (told.empty()) return;
  const std::vector<TaskInfo> abandoned = tasks();
  for (const auto& hook : told) hook(loop, abandoned);  // without the lock: it has one of its own
}

}  // namespace leash::detail

namespace leash {

AbandonedHook::AbandonedHook(Function f) {
  detail::Registry& all = detail::registry();
  const std::lock_guard lock(all.mutex);
  number_ = ++all.last_hook;
  all.hooks.emplace_back(number_, std::move(f));
}

AbandonedHook::~AbandonedHook() {
  detail::Registry& all = detail::registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.hooks, [this](const auto& hook) { return hook.first == number_; });
}

}  // namespace leash
