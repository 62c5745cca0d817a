// SPDX-License-Identifier: BSL-1.0
#include "leash/loops.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include "leash/detail/event_loop.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/leak_check.hpp"
#include "loop_registry.hpp"

namespace leash {
namespace detail {
namespace {

struct Entry {
  LoopBase* loop;
  RemoteLoop remote;
  bool left_out = false;
};

struct Registry {
  std::mutex mutex;
  std::vector<Entry> alive;
  std::vector<std::pair<std::uint64_t, AbandonedHook::Function>> hooks;
  std::uint64_t last_hook = 0;

  // Null if the loop has ended.
  LoopBase* find(const RemoteLoop& remote) const noexcept {
    const auto at = std::ranges::find(alive, remote, &Entry::remote);
    return at == alive.end() ? nullptr : at->loop;
  }
};

Registry& registry() {
  static Registry& the_only_one = *new Registry;  // never destroyed: static Loops may end last
  return the_only_one;
}

}  // namespace

void enter_loop(LoopBase& loop) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.alive.push_back({&loop, RemoteLoop(loop)});
}

void leave_loop(LoopBase& loop) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.alive, [&](const Entry& entry) { return entry.loop == &loop; });
}

std::vector<LiveLoop> live_loops() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::vector<LiveLoop> found;
  for (const Entry& entry : all.alive) found.push_back({entry.remote, &entry.loop->state()});
  return found;
}

void tell_abandoned(const LoopBase& loop, const std::function<std::vector<TaskInfo>()>& tasks,
                    const std::vector<ContextGroup>& contexts) {
  std::vector<AbandonedHook::Function> told;
  {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    for (const auto& [number, hook] : all.hooks) told.push_back(hook);
  }
  if (told.empty()) return;
  const std::vector<TaskInfo> abandoned = tasks();
  for (const auto& hook : told) hook(loop, abandoned, contexts);  // without this lock: it takes its own
}

}  // namespace detail

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

bool RemoteLoop::is_alive() const {
  detail::Registry& all = detail::registry();
  const std::lock_guard lock(all.mutex);
  return all.find(*this);
}

bool RemoteLoop::post(std::move_only_function<void(LoopBase&)> f) const {
  detail::Registry& all = detail::registry();
  const std::lock_guard lock(all.mutex);  // so that the loop does not end during the post
  LoopBase* const loop = all.find(*this);
  if (!loop) return false;
  loop->state().events().post([remote = *this, f = std::move(f)]() mutable {
    detail::Registry& now = detail::registry();
    std::unique_lock still_there(now.mutex);
    LoopBase* const here = now.find(remote);
    still_there.unlock();  // this is the loop's thread, so the loop does not end while f runs
    if (here) f(*here);
  });
  return true;
}

void leave_out(const LoopBase& loop) {
  detail::Registry& all = detail::registry();
  const std::lock_guard lock(all.mutex);
  for (detail::Entry& entry : all.alive) entry.left_out |= entry.loop == &loop;
}

std::vector<RemoteLoop> all_loops() {
  detail::Registry& all = detail::registry();
  const std::lock_guard lock(all.mutex);
  std::vector<RemoteLoop> found;
  for (const detail::Entry& entry : all.alive) {
    if (!entry.left_out) found.push_back(entry.remote);
  }
  return found;
}

}  // namespace leash
