// SPDX-License-Identifier: BSL-1.0
#include "coroutine_extras.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "leash/coroutines.hpp"
#include "leash/detail/coroutine_record.hpp"

namespace leash {
namespace detail {
namespace {

// Many parts, so that threads rarely use the same one.
struct Shelf {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, Extras> extras;
};
Shelf& shelf_of(std::uint64_t id) {
  using Shelves = std::array<Shelf, 64>;
  static Shelves* const all = new Shelves;  // never destroyed, because coroutines may end after main
  return (*all)[slot_of(id) % all->size()];
}

struct Background {
  std::mutex mutex;
  std::vector<std::string> functions;
};
Background& declared() {
  static Background* const all = new Background;
  return *all;
}

}  // namespace

std::optional<Extras> extras_of(std::uint64_t id) {
  Shelf& shelf = shelf_of(id);
  const std::lock_guard lock(shelf.mutex);
  const auto found = shelf.extras.find(id);
  return found == shelf.extras.end() ? std::nullopt : std::optional(found->second);
}

void forget_extras(std::uint64_t id) noexcept {
  Shelf& shelf = shelf_of(id);
  const std::lock_guard lock(shelf.mutex);
  shelf.extras.erase(id);
}

void begin_owned(CoroutineRecord& record, const Ownership& ownership) noexcept {
  const std::uint64_t id = get(record.id);
  Shelf& shelf = shelf_of(id);
  const std::lock_guard lock(shelf.mutex);
  shelf.extras[id].ownership = ownership;
  set(record, owned);
  if (ownership.awaited) ownership.awaited->id.store(id, std::memory_order_release);
}

void awaits_task(std::uint64_t coroutine, const AwaitedTask& task) {
  CoroutineRecord& record = record_at(slot_of(coroutine));
  if (record.id.load(std::memory_order_acquire) != coroutine) return;
  Shelf& shelf = shelf_of(coroutine);
  const std::lock_guard lock(shelf.mutex);
  shelf.extras[coroutine].awaits = task;
  set(record, mixed);
}

void awaits_no_more(std::uint64_t coroutine, std::uint64_t task) noexcept {
  Shelf& shelf = shelf_of(coroutine);
  const std::lock_guard lock(shelf.mutex);
  const auto found = shelf.extras.find(coroutine);
  if (found != shelf.extras.end() && found->second.awaits.id == task) found->second.awaits = {};
}

void operation_begins(CoroutineRecord& record) noexcept {
  const std::uint64_t id = get(root_of(record).id);
  Shelf& shelf = shelf_of(id);
  std::shared_ptr<OwnerWatcher> canceled;
  {
    const std::lock_guard lock(shelf.mutex);
    const auto found = shelf.extras.find(id);
    if (found == shelf.extras.end() || !found->second.ownership.owner->done()) return;
    canceled = found->second.ownership.canceled.lock();
  }
  if (canceled) canceled->owner_ended();
}

std::vector<std::string> background_functions() {
  const std::lock_guard lock(declared().mutex);
  return declared().functions;
}

}  // namespace detail

void background(std::string_view function) {
  const std::lock_guard lock(detail::declared().mutex);
  detail::declared().functions.emplace_back(function);
}

namespace {
[[maybe_unused]] const bool environment_is_read = [] {
  const char* const names = std::getenv("LEASH_BACKGROUND");
  for (std::string_view rest = names ? names : ""; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    if (end > 0) background(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}();
}  // namespace

std::uint64_t current_coroutine() noexcept {
  detail::CoroutineRecord* const current = detail::get(detail::coroutine_thread.current);
  return current ? detail::get(detail::root_of(*current).id) : 0;
}

void label(std::string_view text) {
  detail::CoroutineRecord* const current = detail::get(detail::coroutine_thread.current);
  if (current == nullptr) return;
  detail::CoroutineRecord& root = detail::root_of(*current);
  const std::uint64_t id = detail::get(root.id);
  detail::Shelf& shelf = detail::shelf_of(id);
  const std::lock_guard lock(shelf.mutex);
  shelf.extras[id].label = text;
  detail::set(root, detail::labeled);
}

}  // namespace leash
