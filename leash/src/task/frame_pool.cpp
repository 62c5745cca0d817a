// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/frame_pool.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "leash/detail/heap_charges.hpp"
#include "leash/detail/list.hpp"
#include "leash/metrics.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define LEASH_POOL_IS_MALLOC 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#    define LEASH_POOL_IS_MALLOC 1
#  endif
#endif

namespace leash {

#ifdef LEASH_POOL_IS_MALLOC

void* frame_allocate(std::size_t size) {
  const detail::Uncharged frames;
  return ::operator new(size);
}
void frame_release(void* memory, std::size_t size) noexcept { ::operator delete(memory, size); }
FramePoolUsage frame_pool_usage() noexcept { return {0, 0}; }

#else

namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr std::size_t largest = 2048;
constexpr std::size_t step = 16;
constexpr std::size_t class_count = largest / step;
constexpr std::size_t low_water_blocks = 16;

class Pool;

struct Free {
  Free* next;
};

// The header of each 64 KiB block. Blocks are aligned to their size, so the address of an object gives its block.
struct Block : detail::Hook<Block> {
  Block(Pool* pool, std::size_t object_size)
      : owner(pool),
        object_bytes(static_cast<std::uint32_t>(object_size)),
        capacity(static_cast<std::uint32_t>((block_bytes - header_bytes) / object_size)) {}

  static constexpr std::size_t header_bytes = 64;

  static Block* of(void* memory) noexcept {
    return reinterpret_cast<Block*>(reinterpret_cast<std::uintptr_t>(memory) & ~(block_bytes - 1));
  }

  void* take() noexcept {
    ++used;
    if (Free* object = free) {
      free = object->next;
      return object;
    }
    return reinterpret_cast<char*>(this) + header_bytes + std::size_t{carved++} * object_bytes;
  }

  Pool* owner;
  Free* free = nullptr;
  std::uint32_t object_bytes;
  std::uint32_t capacity;    // objects that fit
  std::uint32_t carved = 0;  // objects handed out at least once
  std::uint32_t used = 0;
};
static_assert(sizeof(Block) <= Block::header_bytes);

std::atomic<std::size_t> mapped_bytes{0};

void* map_block() {
  const auto map = [](std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return static_cast<char*>(memory);
  };
  char* memory = map(block_bytes);
  // Mappings grow downwards next to each other, so the first attempt is nearly always aligned.
  if (reinterpret_cast<std::uintptr_t>(memory) % block_bytes != 0) {
    ::munmap(memory, block_bytes);
    memory = map(2 * block_bytes);
    const std::size_t before =
        (block_bytes - reinterpret_cast<std::uintptr_t>(memory) % block_bytes) % block_bytes;
    if (before != 0) ::munmap(memory, before);
    ::munmap(memory + before + block_bytes, block_bytes - before);
    memory += before;
  }
  mapped_bytes.fetch_add(block_bytes, std::memory_order_relaxed);
  return memory;
}

void unmap_block(Block* block) noexcept {
  block->~Block();
  ::munmap(static_cast<void*>(block), block_bytes);
  mapped_bytes.fetch_sub(block_bytes, std::memory_order_relaxed);
}

struct Registry {
  std::mutex mutex;
  detail::List<Pool> pools;
};

// Never destroyed, because threads may end after static objects were destroyed.
Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

class Pool : public detail::Hook<Pool> {
 public:
  Pool() {
    const std::lock_guard lock(registry().mutex);
    registry().pools.push_back(*this);
  }

  ~Pool() {
    while (auto* hook = empty_.front()) unmap_block(static_cast<Block*>(hook));
    const std::lock_guard lock(registry().mutex);
    unlink();
  }

  void* allocate(std::size_t size) {
    const std::size_t cls = size == 0 ? 0 : (size - 1) / step;
    auto* hook = partial_[cls].front();
    if (!hook || anything_returned_.load(std::memory_order_relaxed)) [[unlikely]]
      return look_for_memory(cls);
    return take_from(*static_cast<Block*>(hook));
  }

  void release(Block* block, void* memory) noexcept {
    count_used(-static_cast<std::ptrdiff_t>(block->object_bytes));
    Free* object = static_cast<Free*>(memory);
    object->next = block->free;
    block->free = object;
    if (!block->linked()) partial_[block->object_bytes / step - 1].push_back(*block);
    if (--block->used == 0) [[unlikely]]
      has_become_empty(block);
  }

  [[gnu::noinline]] void release_from_elsewhere(Block* block, void* memory) noexcept {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      if (abandoned_) {
        release(block, memory);
        last = unused();
      } else {
        Free* object = static_cast<Free*>(memory);
        object->next = returned_;
        returned_ = object;
        anything_returned_.store(true, std::memory_order_relaxed);
      }
    }
    if (last) delete this;
  }

  // The thread ends. The pool deletes itself when none of its memory is in use.
  void abandon() noexcept {
    bool last;
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
      release_all(std::exchange(returned_, nullptr));
      last = unused();
    }
    if (last) delete this;
  }

  std::size_t used_bytes() const noexcept {
    return static_cast<std::size_t>(used_bytes_.load(std::memory_order_relaxed));
  }

 private:
  // Rare cases are functions of their own, so that the usual case saves no registers.
  [[gnu::noinline]] void* look_for_memory(std::size_t cls) {
    if (anything_returned_.load(std::memory_order_relaxed)) take_back();
    auto* hook = partial_[cls].front();
    return take_from(hook ? *static_cast<Block*>(hook) : *new_block(cls));
  }

  void* take_from(Block& block) noexcept {
    void* memory = block.take();
    if (block.used == block.capacity) block.unlink();
    count_used(static_cast<std::ptrdiff_t>(block.object_bytes));
    return memory;
  }

  [[gnu::noinline]] void has_become_empty(Block* block) noexcept {
    block->unlink();
    if (empty_count_ == low_water_blocks) {
      --blocks_;
      unmap_block(block);
    } else {
      ++empty_count_;
      empty_.push_back(*block);
    }
  }

  bool unused() const noexcept { return blocks_ == empty_count_; }

  // Written by one thread at a time: the pool's thread, or after its end the holder of the lock.
  void count_used(std::ptrdiff_t change) noexcept {
    used_bytes_.store(used_bytes_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }

  Block* new_block(std::size_t cls) {
    // The block that became empty last often has this size class already.
    if (auto* hook = empty_.back(); hook && static_cast<Block*>(hook)->object_bytes == (cls + 1) * step) {
      Block* same = static_cast<Block*>(hook);
      same->unlink();
      --empty_count_;
      partial_[cls].push_back(*same);
      return same;
    }
    void* memory;
    if (auto* hook = empty_.front()) {
      Block* old = static_cast<Block*>(hook);
      old->~Block();
      --empty_count_;
      memory = old;
    } else {
      memory = map_block();
      ++blocks_;
    }
    Block* block = new (memory) Block(this, (cls + 1) * step);
    partial_[cls].push_back(*block);
    return block;
  }

  void take_back() noexcept {
    Free* returned;
    {
      const std::lock_guard lock(mutex_);
      returned = std::exchange(returned_, nullptr);
      anything_returned_.store(false, std::memory_order_relaxed);
    }
    release_all(returned);
  }

  void release_all(Free* object) noexcept {
    while (object) {
      Free* next = object->next;
      release(Block::of(object), object);
      object = next;
    }
  }

  detail::List<Block> partial_[class_count];  // blocks with room, by size class
  detail::List<Block> empty_;
  std::size_t empty_count_ = 0;
  std::size_t blocks_ = 0;
  std::atomic<std::ptrdiff_t> used_bytes_{0};

  std::atomic<bool> anything_returned_{false};
  std::mutex mutex_;  // guards what follows, and everything once the pool is abandoned
  Free* returned_ = nullptr;
  bool abandoned_ = false;
};

// The pool of the calling thread; null after the destruction of the thread's own objects has begun.
thread_local Pool* current_pool = nullptr;
thread_local bool thread_is_ending = false;

struct AbandonAtThreadEnd {
  ~AbandonAtThreadEnd() {
    thread_is_ending = true;
    if (Pool* pool = std::exchange(current_pool, nullptr)) pool->abandon();
  }
};

Pool* make_current_pool() {
  if (thread_is_ending) return nullptr;
  thread_local AbandonAtThreadEnd at_end;
  (void)at_end;
  return current_pool = new Pool;
}

// The first allocation of a thread. A frame that is allocated while its thread ends has a pool of its own, which is
// deleted with it.
[[gnu::noinline]] void* allocate_without_pool(std::size_t size) {
  if (Pool* pool = make_current_pool()) return pool->allocate(size);
  Pool* pool = new Pool;
  void* memory = pool->allocate(size);
  pool->abandon();
  return memory;
}

[[gnu::noinline]] void* allocate_large(std::size_t size) {
  const detail::Uncharged frames;
  return ::operator new(size);
}

}  // namespace

void* frame_allocate(std::size_t size) {
  if (size > largest) [[unlikely]]
    return allocate_large(size);
  Pool* pool = current_pool;
  if (!pool) [[unlikely]]
    return allocate_without_pool(size);
  return pool->allocate(size);
}

void frame_release(void* memory, std::size_t size) noexcept {
  if (size > largest) {
    ::operator delete(memory, size);
    return;
  }
  Block* block = Block::of(memory);
  Pool* pool = block->owner;
  if (pool == current_pool) {
    pool->release(block, memory);
  } else {
    pool->release_from_elsewhere(block, memory);
  }
}

FramePoolUsage frame_pool_usage() noexcept {
  FramePoolUsage usage{mapped_bytes.load(std::memory_order_relaxed), 0};
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (auto* hook = all.pools.front(); hook; hook = all.pools.next(*hook)) {
    usage.used_bytes += static_cast<Pool*>(hook)->used_bytes();
  }
  return usage;
}

#endif

}  // namespace leash
