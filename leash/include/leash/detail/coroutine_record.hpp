// SPDX-License-Identifier: BSL-1.0
#pragma once
// The registry's record of each tracked coroutine frame, and the functions by which a frame updates it. Internal.
//
// What it is     a record per frame, in memory that is never released. A reader on any thread or in another process
//                visits the slabs, and reads the id of each record twice. If both are equal, everything read between
//                them belongs to one frame.
// Guarantees     no lock, and no read-modify-write instruction on the thread that made the frame.
// Threads        each function is called by the thread that runs or destroys the frame. Readers may be on any thread.
//
//   CoroutineRecord* record = make_record(std::source_location::current());  // the frame's promise is made
//   begin_chain(*record, context);                                           // it runs
//   suspend(*record, promise, where);                                        // it awaits something
//   end_record(*record, Ending::returned);                                   // its frame is destroyed

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <source_location>
#include <type_traits>

#include "leash/wait_point.hpp"

namespace leash::detail {

// The steady clock in units of 8 ms, which wraps after a year. In a virtual machine this takes a third of the time of
// tick(), but more instructions.
inline std::uint32_t coarse_time() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint32_t>(now.tv_sec * 125 + now.tv_nsec / 8'000'000);
}

// Time in units of about 8 ms, which takes one instruction on processors with a time counter. It wraps after a year.
inline std::uint32_t tick() noexcept {
#if defined(__x86_64__)
  return static_cast<std::uint32_t>(__builtin_ia32_rdtsc() >> 24);
#else
  return coarse_time();
#endif
}

struct Ownership;  // leash/detail/owner_state.hpp

enum CoroutineFlag : std::uint8_t {
  started = 1,  // it has run
  nested = 2,   // awaited by another tracked frame; otherwise the root of a chain
  spawner = 4,  // it started other coroutines
  labeled = 8,  // label() named it
  owned = 16,   // leash started it: it has an owner, or a task awaits it
  mixed = 32,   // it awaited a leash task
  threw = 64,   // an exception left it
};

enum class Ending : std::uint8_t { returned, error, canceled };
inline constexpr std::size_t endings = 3;

struct CoroutineRecord {
  std::atomic<std::uint64_t> id;         // number of the use, then of the record; the top bit means free
  std::atomic<std::source_location> at;  // of its current co_await; before the first one, of its definition
  std::atomic<CoroutineRecord*> below;   // waits: the frame it awaits. runs: who ran before. free: the next
  std::atomic<std::uint64_t> above;      // nested: the frame that awaits it. root: id of its spawner
  std::atomic<const void*> context;      // root: the execution context. nested: the root
  std::atomic<std::uint32_t> made;       // coarse_time()
  std::atomic<std::uint32_t> since;  // tick() of the last co_await, or of its end; 0: it has awaited nothing
  std::atomic<std::uint16_t> size;   // of the frame, in units of 16 bytes
  std::atomic<std::uint16_t> site;   // of its definition
  std::atomic<std::uint16_t> spawner_site;  // root
  std::atomic<WaitKind> wait;
  std::atomic<std::uint8_t> flags;
};
static_assert(sizeof(CoroutineRecord) == 56);
static_assert(std::atomic<std::source_location>::is_always_lock_free);

inline constexpr unsigned slot_bits = 24;
inline constexpr std::uint64_t free_bit = std::uint64_t{1} << 63;
constexpr std::uint32_t slot_of(std::uint64_t id) noexcept { return id & ((1u << slot_bits) - 1); }

// Definitions of coroutines, by the address of their source_location: one per definition and translation unit.
inline constexpr std::size_t max_coroutine_sites = 4096;
inline constexpr std::uint16_t other_site = 0;

// The counts of one thread, by site, which readers add. A coroutine counts as finished where it ends.
struct SiteCounts {
  std::atomic<std::uint64_t> started;
  std::array<std::atomic<std::uint64_t>, endings> finished;
  std::atomic<std::uint64_t> bytes;  // started minus ended frames; it may wrap
};

struct CoroutineThread;

// Used by one thread at a time. Shards are never destroyed; a new thread takes a free one.
struct CoroutineShard {
  CoroutineRecord* unused = nullptr;                // only its thread
  std::atomic<CoroutineRecord*> returned{nullptr};  // by other threads
  std::array<SiteCounts, max_coroutine_sites> sites{};
  // The spawners that ended last. Their records are kept for a while, so that the time of their end is known.
  std::array<CoroutineRecord*, 1024> ended{};
  std::size_t ended_at = 0;
  CoroutineShard* next = nullptr;
  bool in_use = true;
  const CoroutineThread* thread = nullptr;  // null: none has it
  int thread_id = 0;                        // of Linux
};

inline constexpr std::size_t records_per_slab = 1024;
struct alignas(65536) CoroutineSlab {
  CoroutineShard* shard;
  std::array<CoroutineRecord, records_per_slab> records;
};
static_assert(sizeof(CoroutineSlab) == 65536);
inline constexpr std::size_t max_slabs = (std::size_t{1} << slot_bits) / records_per_slab;

// The addresses of all parts, exported under a fixed name for readers from outside.
struct CoroutineRegistry {
  std::uint32_t version = 1;
  std::uint32_t record_size = sizeof(CoroutineRecord);
  std::atomic<std::uint32_t> slabs{0};
  std::atomic<bool> watched{false};            // watch_let_go was called
  std::atomic<std::uint32_t> untracked{0};     // frames without a record
  std::atomic<std::uint64_t> anchor_ticks{0};  // the unshifted counter that tick() reads, and
  std::atomic<std::int64_t> anchor_time{0};    // the nanoseconds of the steady clock at that moment
  std::atomic<CoroutineShard*> shards{nullptr};
  std::array<std::atomic<CoroutineSlab*>, max_slabs> slab{};
  std::array<std::atomic<std::source_location>, max_coroutine_sites> site{};  // line 0: none
  std::array<std::atomic<const char*>, 4> library{};  // a file in the headers of Asio, for each flavor
};
}  // namespace leash::detail

extern "C" {
extern leash::detail::CoroutineRegistry leash_coroutines;
}

namespace leash::detail {

inline CoroutineRecord& record_at(std::uint32_t slot) noexcept {
  CoroutineSlab* slab = leash_coroutines.slab[slot / records_per_slab].load(std::memory_order_relaxed);
  return slab->records[slot % records_per_slab];
}

// The state of this thread, and the data passed from a frame to its awaiter.
struct CoroutineThread {
  std::atomic<CoroutineRecord*> current{nullptr};  // the frame that runs
  const void* awaiting = nullptr;                  // the promise of the frame that is about to wait
  CoroutineRecord* awaiting_record = nullptr;      // null: it belongs to co_spawn, which was given these:
  std::uint64_t spawner = 0;
  std::uint16_t spawner_site = 0;
  const void* owned_frame = nullptr;  // the promise that is about to start under an owner
  const Ownership* ownership = nullptr;
  CoroutineShard* shard = nullptr;
  std::uint16_t frame_size = 0;  // in units of 16 bytes, from operator new to the promise's constructor
};
inline constinit thread_local CoroutineThread coroutine_thread{};

// What runs at each co_await is always inlined. GCC would call it, which costs some 15 instructions per operation.
//
// Relaxed if the order does not matter; release if a reader must not see it before the record was free.
template <class T, class V>
[[gnu::always_inline]] inline void put(std::atomic<T>& to, V value) noexcept {
  to.store(static_cast<T>(value), std::memory_order_release);
}
template <class T>
[[gnu::always_inline]] inline T get(const std::atomic<T>& from) noexcept {
  return from.load(std::memory_order_relaxed);
}
// Only one thread writes it.
template <class T>
[[gnu::always_inline]] inline void add(std::atomic<T>& to, std::type_identity_t<T> by) noexcept {
  to.store(static_cast<T>(to.load(std::memory_order_relaxed) + by), std::memory_order_relaxed);
}
inline void set(CoroutineRecord& record, std::uint8_t flag) noexcept {
  put(record.flags, get(record.flags) | flag);
}
inline bool has(const CoroutineRecord& record, std::uint8_t flag) noexcept {
  return get(record.flags) & flag;
}

CoroutineRecord* more_records(CoroutineShard& shard) noexcept;  // null: no memory, or too many threads
void tell_let_go(CoroutineRecord& record) noexcept;             // destroyed while it waits
void forget_extras(std::uint64_t id) noexcept;                  // label, owner
void begin_owned(CoroutineRecord& record, const Ownership& ownership) noexcept;
void operation_begins(CoroutineRecord& record) noexcept;  // of an owned coroutine: its owner may have ended

// The functions below handle the usual case, and call these at their end for all others. So they save no registers.
CoroutineRecord* make_record_slowly(std::source_location definition) noexcept;
void begin_slowly(CoroutineRecord& record, const void* promise) noexcept;
void end_slowly(CoroutineRecord& record, Ending ending) noexcept;

// Where the site of a definition is, unless that place was taken by another one.
inline std::uint16_t home_of(std::source_location definition) noexcept {
  const auto address = std::bit_cast<std::uintptr_t>(definition);
  return static_cast<std::uint16_t>((address * 0x9e3779b97f4a7c15u) >> 52);
}
inline CoroutineShard* home_of(const CoroutineRecord& record) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&record);
  return reinterpret_cast<CoroutineSlab*>(address & ~(alignof(CoroutineSlab) - 1))->shard;
}

inline CoroutineRecord& root_of(CoroutineRecord& record) noexcept {
  if (!has(record, nested)) return record;
  return *static_cast<CoroutineRecord*>(const_cast<void*>(get(record.context)));
}

// The running coroutine is the spawner.
inline std::uint64_t spawner_now(std::uint16_t& site) noexcept {
  CoroutineRecord* const running = get(coroutine_thread.current);
  if (running == nullptr) return 0;
  CoroutineRecord& root = root_of(*running);
  set(root, CoroutineFlag::spawner);
  site = get(root.site);
  return get(root.id);
}

// `below`, `context` and `wait` are read only after the coroutine has started.
inline CoroutineRecord* make_record(CoroutineShard& shard, std::source_location definition,
                                    std::uint16_t site) noexcept {
  CoroutineRecord* const record = shard.unused;
  shard.unused = get(record->below);
  std::uint16_t spawner_site = 0;
  const std::uint64_t spawned_by = spawner_now(spawner_site);
  put(record->at, definition);
  put(record->above, spawned_by);
  put(record->made, coarse_time());
  put(record->since, 0);
  put(record->size, coroutine_thread.frame_size);
  put(record->site, site);
  put(record->spawner_site, spawner_site);
  put(record->flags, 0);
  const std::uint64_t id = get(record->id);
  put(record->id, (id & ~free_bit) + (std::uint64_t{1} << slot_bits));
  return record;
}

// Called when a frame's promise is constructed. Null if no record is left; then the frame is not tracked.
inline CoroutineRecord* make_record(std::source_location definition) noexcept {
  CoroutineShard* const shard = coroutine_thread.shard;
  const std::uint16_t home = home_of(definition);
  const std::source_location there = get(leash_coroutines.site[home]);
  if (shard != nullptr && shard->unused != nullptr &&
      std::bit_cast<std::uintptr_t>(there) == std::bit_cast<std::uintptr_t>(definition)) [[likely]]
    return make_record(*shard, definition, home);
  return make_record_slowly(definition);
}

// The frame resumes on this thread.
[[gnu::always_inline]] inline void resume(CoroutineRecord& record) noexcept {
  CoroutineThread& thread = coroutine_thread;
  CoroutineRecord* const before = get(thread.current);
  put(record.below, before);
  put(record.wait, WaitKind::none);
  put(thread.current, &record);
}

inline bool runs(const CoroutineRecord& record) noexcept {
  return has(record, started) && get(record.wait) == WaitKind::none;
}

[[gnu::always_inline]] inline void leave(CoroutineRecord& record) noexcept {
  if (get(coroutine_thread.current) == &record) [[likely]]
    put(coroutine_thread.current, get(record.below));
}

// The frame awaits something. If that is tracked, it finds the frame by `promise` and updates its record.
[[gnu::always_inline]] inline void suspend(CoroutineRecord& record, const void* promise,
                                           std::source_location where) noexcept {
  leave(record);
  put(record.below, nullptr);
  put(record.at, where);
  put(record.since, tick());
  put(record.wait, WaitKind::not_tracked);
  coroutine_thread.awaiting = promise;
  coroutine_thread.awaiting_record = &record;
}

// Whether the frame that is about to wait has this promise; then awaiting_record or the data is its own.
inline bool take_awaiting(const void* promise) noexcept {
  const bool same = coroutine_thread.awaiting == promise;  // which is never null
  coroutine_thread.awaiting = nullptr;
  return same;
}

inline std::uint64_t bytes_of(const CoroutineRecord& record) noexcept {
  return get(record.size) * std::uint64_t{16};
}

// Counted for the site of the root.
inline void count_begin(CoroutineShard& shard, const CoroutineRecord& root,
                        const CoroutineRecord& record) noexcept {
  SiteCounts& counts = shard.sites[get(root.site)];
  if (&root == &record) add(counts.started, 1);
  add(counts.bytes, bytes_of(record));
}
inline void count_end(CoroutineShard& shard, const CoroutineRecord& root, const CoroutineRecord& record,
                      Ending ending) noexcept {
  SiteCounts& counts = shard.sites[get(root.site)];
  if (&root == &record) add(counts.finished[static_cast<std::size_t>(ending)], 1);
  add(counts.bytes, -bytes_of(record));
}

inline void begin_nested(CoroutineRecord& record, CoroutineRecord& parent) noexcept {
  CoroutineRecord& root = root_of(parent);
  put(record.context, &root);
  put(record.wait, WaitKind::none);
  put(record.flags, started | nested | (get(parent.flags) & owned));
  // After the flags: a reader takes what is above a root for the id of its spawner.
  put(record.above, reinterpret_cast<std::uintptr_t>(&parent));
  put(parent.below, &record);
  put(parent.wait, WaitKind::coroutine);
  resume(record);
  CoroutineShard* const shard = coroutine_thread.shard;
  if (shard == nullptr) [[unlikely]]
    return begin_slowly(record, nullptr);
  count_begin(*shard, root, record);
}

inline void begin_chain(CoroutineRecord& record, const void* context, const void* promise,
                        bool from_entry) noexcept {
  CoroutineThread& thread = coroutine_thread;
  put(record.context, context);
  if (from_entry && get(record.above) == 0) {
    put(record.spawner_site, thread.spawner_site);
    put(record.above, thread.spawner);
  }
  put(record.wait, WaitKind::none);
  put(record.flags, started);
  resume(record);
  CoroutineShard* const shard = thread.shard;
  if (shard == nullptr || thread.owned_frame == promise) [[unlikely]]
    return begin_slowly(record, promise);
  count_begin(*shard, record, record);
}

inline void reuse(CoroutineShard& shard, CoroutineRecord& record) noexcept {
  put(record.below, shard.unused);
  shard.unused = &record;
}

// The frame is destroyed: at its end, or while it waits (canceled).
inline void end_record(CoroutineRecord& record, Ending ending) noexcept {
  CoroutineThread& thread = coroutine_thread;
  CoroutineShard* const shard = thread.shard;
  const std::uint8_t flags = get(record.flags);
  const bool usual = (flags & ~(nested | threw)) == started && ending != Ending::canceled;
  if (!usual || shard != home_of(record)) [[unlikely]]
    return end_slowly(record, ending);
  leave(record);
  if (thread.awaiting_record == &record) thread.awaiting = nullptr;
  if (flags & nested) {
    count_end(*shard, root_of(record), record, ending);
    resume(*reinterpret_cast<CoroutineRecord*>(get(record.above)));
  } else {
    count_end(*shard, record, record, ending);
  }
  put(record.id, get(record.id) | free_bit);
  reuse(*shard, record);
}

}  // namespace leash::detail
