// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/coroutine_record.hpp"

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "../outside/coroutine_layout.hpp"
#include "running_coroutines.hpp"

// leash/awaitables.hpp refers to this name, so that a program has only one version of the tracking.
extern "C" {
extern const char leash_tracking_1;
const char leash_tracking_1 = 1;
constinit leash::detail::CoroutineRegistry leash_coroutines{};
}

// Links the table for readers from outside into the program.
[[gnu::used]] static const leash::outside::CoroutineLayout* const coroutine_layout = &leash_coroutine_layout;

namespace leash::detail {

constinit std::mutex registry_mutex;

namespace {

constinit thread_local bool thread_ends = false;

struct ShardLease {
  CoroutineShard* shard = nullptr;
  ~ShardLease() {
    thread_ends = true;
    if (shard == nullptr) return;
    coroutine_thread.shard = nullptr;
    const std::lock_guard lock(registry_mutex);
    shard->thread = nullptr;
    shard->in_use = false;
  }
};
thread_local ShardLease lease;

std::uint64_t counter() noexcept {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return tick();
#endif
}

// Null: no memory.
CoroutineShard* adopt_shard() noexcept {
  const std::lock_guard lock(registry_mutex);
  if (leash_coroutines.anchor_time.load(std::memory_order_relaxed) == 0) {
    leash_coroutines.anchor_ticks = counter();
    leash_coroutines.anchor_time = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                       std::chrono::steady_clock::now().time_since_epoch())
                                       .count();
  }
  CoroutineShard* shard = leash_coroutines.shards.load(std::memory_order_relaxed);
  while (shard != nullptr && shard->in_use) shard = shard->next;
  if (shard == nullptr) {
    shard = new (std::nothrow) CoroutineShard;
    if (shard == nullptr) return nullptr;
    shard->next = leash_coroutines.shards.load(std::memory_order_relaxed);
    leash_coroutines.shards.store(shard, std::memory_order_release);
  }
  shard->in_use = true;
  if (!thread_ends) {  // else nothing would take it back
    shard->thread = &coroutine_thread;
    shard->thread_id = ::gettid();
  }
  lease.shard = shard;
  coroutine_thread.shard = shard;
  return shard;
}

CoroutineShard* own_shard() noexcept {
  return coroutine_thread.shard != nullptr ? coroutine_thread.shard : adopt_shard();
}

std::uint16_t find_site(std::source_location definition) noexcept {
  const auto address = std::bit_cast<std::uintptr_t>(definition);
  const std::size_t home = home_of(definition);
  constexpr std::size_t probes = 64;
  const auto is = [](const std::source_location& there, std::uintptr_t wanted) {
    return std::bit_cast<std::uintptr_t>(there) == wanted;
  };
  for (std::size_t probe = 0; probe < probes; ++probe) {
    const std::size_t at = (home + probe) % max_coroutine_sites;
    auto& slot = leash_coroutines.site[at];
    std::source_location there = slot.load(std::memory_order_acquire);
    if (at != other_site && is(there, std::bit_cast<std::uintptr_t>(std::source_location()))) {
      if (slot.compare_exchange_strong(there, definition, std::memory_order_acq_rel)) there = definition;
    }
    if (is(there, address)) return static_cast<std::uint16_t>(at);
  }
  return other_site;
}

// On another thread than its own.
void give_back(CoroutineRecord& record, CoroutineShard* to) noexcept {
  CoroutineRecord* head = to->returned.load(std::memory_order_relaxed);
  do {
    put(record.below, head);
  } while (!to->returned.compare_exchange_weak(head, &record, std::memory_order_release,
                                               std::memory_order_relaxed));
}

}  // namespace

CoroutineRecord* more_records(CoroutineShard& shard) noexcept {
  if (CoroutineRecord* returned = shard.returned.exchange(nullptr, std::memory_order_acquire))
    return returned;
  const std::lock_guard lock(registry_mutex);
  const std::uint32_t number = leash_coroutines.slabs.load(std::memory_order_relaxed);
  auto* const slab = number < max_slabs ? new (std::nothrow) CoroutineSlab : nullptr;
  if (slab == nullptr) {
    leash_coroutines.untracked.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  slab->shard = &shard;
  // Records with even numbers are used first. No two of them share a line of the cache, so that coroutines that run on
  // different cores do not slow each other down.
  CoroutineRecord* next = nullptr;
  for (std::size_t i = 2 * records_per_slab; i > 0; i -= 2) {
    const std::size_t place = (i - 2) % records_per_slab + (i - 2) / records_per_slab;
    CoroutineRecord& record = slab->records[place];
    record.id = free_bit | (number * records_per_slab + place);
    record.below = next;
    next = &record;
  }
  leash_coroutines.slab[number].store(slab, std::memory_order_release);
  leash_coroutines.slabs.store(number + 1, std::memory_order_release);
  return next;
}

CoroutineRecord* make_record_slowly(std::source_location definition) noexcept {
  CoroutineShard* const shard = own_shard();
  if (shard == nullptr) return nullptr;
  if (shard->unused == nullptr) shard->unused = more_records(*shard);
  if (shard->unused == nullptr) return nullptr;
  return make_record(*shard, definition, find_site(definition));
}

void begin_slowly(CoroutineRecord& record, const void* promise) noexcept {
  if (CoroutineShard* shard = own_shard()) count_begin(*shard, root_of(record), record);
  if (promise == nullptr || coroutine_thread.owned_frame != promise) return;
  coroutine_thread.owned_frame = nullptr;
  begin_owned(record, *coroutine_thread.ownership);
}

void end_slowly(CoroutineRecord& record, Ending ending) noexcept {
  const std::uint8_t flags = get(record.flags);
  const bool ran_to_its_end = (flags & started) && ending != Ending::canceled;
  leave(record);
  if (coroutine_thread.awaiting_record == &record) coroutine_thread.awaiting = nullptr;
  if (leash_coroutines.watched.load(std::memory_order_relaxed) && ending == Ending::canceled &&
      (flags & started))
    tell_let_go(record);
  CoroutineShard* const shard = own_shard();
  if (shard && (flags & started)) count_end(*shard, root_of(record), record, ending);
  if (flags & nested) {
    auto& parent = *reinterpret_cast<CoroutineRecord*>(get(record.above));
    if (ran_to_its_end) {
      resume(parent);
    } else {
      put(parent.below, nullptr);
    }
  } else if (flags & (labeled | owned | mixed)) {
    forget_extras(get(record.id));
  }
  if (flags & CoroutineFlag::spawner) put(record.since, tick());
  put(record.id, get(record.id) | free_bit);
  CoroutineShard* const home = home_of(record);
  if (shard != home) {
    give_back(record, home);
    return;
  }
  CoroutineRecord* unused = &record;
  if (flags & CoroutineFlag::spawner)
    unused = std::exchange(shard->ended[shard->ended_at++ % shard->ended.size()], unused);
  if (unused != nullptr) reuse(*shard, *unused);
}

}  // namespace leash::detail
