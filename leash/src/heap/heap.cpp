// SPDX-License-Identifier: BSL-1.0
#include "leash/heap.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <limits>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "leash/detail/heap_charges.hpp"

namespace leash {
namespace {

// The tables must not use the operator new that they serve.
template <class T>
struct MallocAllocator {
  using value_type = T;
  MallocAllocator() = default;
  template <class U>
  explicit(false) MallocAllocator(const MallocAllocator<U>&) noexcept {}
  T* allocate(std::size_t count) {
    // NOLINTNEXTLINE(bugprone-sizeof-expression)
    if (void* memory = std::malloc(count * sizeof(T))) return static_cast<T*>(memory);
    throw std::bad_alloc();
  }
  void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }
  friend bool operator==(const MallocAllocator&, const MallocAllocator&) { return true; }
};

template <class Key, class Value, class Hash>
using Table =
    std::unordered_map<Key, Value, Hash, std::equal_to<Key>, MallocAllocator<std::pair<const Key, Value>>>;

std::size_t mix(std::uint64_t value) noexcept {
  value *= 0x9e3779b97f4a7c15;
  return static_cast<std::size_t>(value ^ (value >> 32));
}

struct TaskKey {
  const void* space;
  std::uint64_t id;
  friend bool operator==(const TaskKey&, const TaskKey&) = default;
};
struct TaskHash {
  std::size_t operator()(const TaskKey& key) const noexcept {
    return mix(key.id ^ reinterpret_cast<std::uintptr_t>(key.space));
  }
};

// The program may contain the name of a file more than once, so its text is compared. It is not hashed, which would take
// more time than the rest of a look-up.
struct SiteKey {
  std::string_view file;
  std::uint32_t line;
  friend bool operator==(const SiteKey&, const SiteKey&) = default;
};
struct SiteHash {
  std::size_t operator()(const SiteKey& key) const noexcept {
    return mix((key.file.size() << 32) ^ key.line);
  }
};

struct PointerHash {
  std::size_t operator()(const void* key) const noexcept {
    return mix(reinterpret_cast<std::uintptr_t>(key) >> 4);
  }
};

struct Sample {
  TaskKey task;
  SiteKey site;
  std::uint64_t bytes;  // that the sample represents
};

// A table in parts, each with its own lock.
template <class Key, class Value, class Hash>
class Sharded {
 public:
  template <class F>
  auto with(const Key& key, F f) {
    Shard& shard = shards_[(Hash{}(key) >> 8) % shards_.size()];
    const std::lock_guard lock(shard.mutex);
    return f(shard.table);
  }

 private:
  struct Shard {
    std::mutex mutex;
    Table<Key, Value, Hash> table;
  };
  std::array<Shard, 32> shards_;
};

template <class Key, class Hash>
class Totals : Sharded<Key, std::uint64_t, Hash> {
 public:
  void add(const Key& key, std::uint64_t bytes) {
    this->with(key, [&](auto& table) { table[key] += bytes; });
  }
  void subtract(const Key& key, std::uint64_t bytes) noexcept {
    this->with(key, [&](auto& table) {
      const auto found = table.find(key);
      // NOLINTNEXTLINE(bugprone-assignment-in-if-condition)
      if (found != table.end() && (found->second -= bytes) == 0) table.erase(found);
    });
  }
  std::uint64_t of(const Key& key) noexcept {
    return this->with(key, [&](auto& table) {
      const auto found = table.find(key);
      return found == table.end() ? 0 : found->second;
    });
  }
};

struct Charges {
  Sharded<const void*, Sample, PointerHash> samples;
  Totals<TaskKey, TaskHash> tasks;
  Totals<SiteKey, SiteHash> sites;
  std::atomic<std::uint64_t> bytes{0};
};

// Never destroyed, because memory is freed until the end of the process.
Charges& charges() noexcept {
  alignas(Charges) static char memory[sizeof(Charges)];
  static Charges& made = *new (memory) Charges;
  return made;
}

// The number of samples whose address falls here. Most frees find a zero and return at once.
constinit std::array<std::atomic<std::uint16_t>, 65536> sampled{};
std::atomic<std::uint16_t>& sampled_at(const void* memory) noexcept {
  return sampled[PointerHash{}(memory) % sampled.size()];
}

constinit std::atomic<std::size_t> rate{default_heap_rate};

struct Countdown {
  std::int64_t left = 0;  // bytes until the next sample
  std::uint64_t random = 0;
};
constinit thread_local Countdown countdown{};

// Between half of the mean and one and a half times the mean. So no pattern of allocations is always in step with it,
// and it varies less than an exponential distance.
std::int64_t distance(std::size_t mean) noexcept {
  if (countdown.random == 0) countdown.random = reinterpret_cast<std::uintptr_t>(&countdown) | 1;
  countdown.random ^= countdown.random << 13;
  countdown.random ^= countdown.random >> 7;
  countdown.random ^= countdown.random << 17;
  return static_cast<std::int64_t>(mean / 2 + countdown.random % (mean + 1));
}

// The block represents the number of sample points in it, times their mean distance.
[[gnu::noinline]] void take_sample(void* memory) noexcept {
  const std::size_t mean = rate.load(std::memory_order_relaxed);
  if (mean == 0) {
    countdown.left = std::numeric_limits<std::int32_t>::max();
    return;
  }
  const bool first = countdown.random == 0;  // the first of this thread: its place is not known yet
  std::uint64_t points = 0;
  for (; countdown.left < 0; ++points) countdown.left += distance(mean);
  detail::Charge charge;
  if (first || !detail::running(charge)) return;
  const Sample sample{{charge.space, charge.id}, {charge.file, charge.line}, points * mean};
  Charges& all = charges();
  try {
    all.samples.with(memory, [&](auto& table) { table.emplace(memory, sample); });
    sampled_at(memory).fetch_add(1, std::memory_order_relaxed);
    all.tasks.add(sample.task, sample.bytes);
    all.sites.add(sample.site, sample.bytes);
    all.bytes.fetch_add(sample.bytes, std::memory_order_relaxed);
  } catch (const std::bad_alloc&) {  // a block that is not in the tables is not counted
  }
}

[[gnu::noinline]] void forget_sample(void* memory) noexcept {
  Charges& all = charges();
  std::optional<Sample> sample;
  all.samples.with(memory, [&](auto& table) {
    if (const auto found = table.find(memory); found != table.end()) {
      sample = found->second;
      table.erase(found);
    }
  });
  if (!sample) return;
  sampled_at(memory).fetch_sub(1, std::memory_order_relaxed);
  all.tasks.subtract(sample->task, sample->bytes);
  all.sites.subtract(sample->site, sample->bytes);
  all.bytes.fetch_sub(sample->bytes, std::memory_order_relaxed);
}

void* allocated(void* memory, std::size_t size) noexcept {
  // NOLINTNEXTLINE(bugprone-assignment-in-if-condition)
  if ((countdown.left -= static_cast<std::int64_t>(size)) < 0) take_sample(memory);
  return memory;
}

void release(void* memory) noexcept {
  if (sampled_at(memory).load(std::memory_order_relaxed) != 0) forget_sample(memory);
  std::free(memory);
}

// As the standard requires: the handler may free memory; without a handler, bad_alloc is thrown.
template <class F>
void* allocate(std::size_t size, F f) {
  for (;;) {
    if (void* const memory = f()) return allocated(memory, size);
    const std::new_handler handler = std::get_new_handler();
    if (!handler) throw std::bad_alloc();
    handler();
  }
}

constexpr detail::HeapCharges reader{[](const void* space, std::uint64_t id) noexcept {
                                       return charges().tasks.of({space, id});
                                     },
                                     [](const char* file, std::uint32_t line) noexcept {
                                       return charges().sites.of({file, line});
                                     }};

[[maybe_unused]] const bool begun = [] {
  if (const char* text = std::getenv("LEASH_HEAP_RATE")) {
    char* end = nullptr;
    const unsigned long long bytes = std::strtoull(text, &end, 10);
    if (end != text && *end == '\0') set_heap_rate(static_cast<std::size_t>(bytes));
  }
  detail::heap_charges.store(&reader, std::memory_order_release);
  return true;
}();

}  // namespace

void set_heap_rate(std::size_t bytes) noexcept { rate.store(bytes, std::memory_order_relaxed); }
std::size_t heap_rate() noexcept { return rate.load(std::memory_order_relaxed); }
std::uint64_t charged_heap_bytes() noexcept { return charges().bytes.load(std::memory_order_relaxed); }

}  // namespace leash

// The other forms of the standard library call these.
void* operator new(std::size_t size) {
  return leash::allocate(size, [size] { return std::malloc(size == 0 ? 1 : size); });
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto to = static_cast<std::size_t>(alignment);
  return leash::allocate(size, [=] { return std::aligned_alloc(to, (size + to - 1) / to * to); });
}
void operator delete(void* memory) noexcept { leash::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { leash::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { leash::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { leash::release(memory); }
