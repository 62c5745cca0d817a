// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/frame_pool.hpp"
#include "leash/metrics.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <latch>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace leash {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr std::size_t low_water_bytes = 16 * block_bytes;

// Memory that is filled, so that two objects in one place are noticed.
class Object {
 public:
  explicit Object(std::size_t size, unsigned char fill = 0xa5)
      : memory_(frame_allocate(size)), size_(size), fill_(fill) {
    std::memset(memory_, fill_, size_);
  }
  Object(Object&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), size_(other.size_), fill_(other.fill_) {}
  Object& operator=(Object&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(fill_, other.fill_);
    return *this;
  }
  ~Object() {
    if (!memory_) return;
    const auto* bytes = static_cast<const unsigned char*>(memory_);
    std::size_t intact = 0;
    while (intact < size_ && bytes[intact] == fill_) ++intact;
    EXPECT_EQ(intact, size_) << "overwritten";
    frame_release(memory_, size_);
  }
  void* memory() const noexcept { return memory_; }

 private:
  void* memory_;
  std::size_t size_;
  unsigned char fill_;
};

// Under sanitizers the pool is operator new and delete: there is nothing to measure.
bool pool_is_malloc() {
  const Object object(100);
  return frame_pool_usage().mapped_bytes == 0;
}

// A thread has a pool of its own: what a test measures starts from nothing.
void in_a_thread_of_its_own(const std::function<void()>& f) { std::thread(f).join(); }

class FramePoolMetrics : public ::testing::Test {
 protected:
  void SetUp() override {
    if (pool_is_malloc()) GTEST_SKIP() << "the pool is malloc under sanitizers";
    before_ = frame_pool_usage();
  }
  // Beyond what other threads had before the test.
  std::size_t mapped() const { return frame_pool_usage().mapped_bytes - before_.mapped_bytes; }
  std::size_t used() const { return frame_pool_usage().used_bytes - before_.used_bytes; }

 private:
  FramePoolUsage before_{};
};

TEST(FramePool, ObjectsOfEverySizeAreAlignedAndApart) {
  std::vector<Object> objects;
  for (std::size_t size = 0; size <= 2200; ++size) {
    objects.emplace_back(size, static_cast<unsigned char>(size));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(objects.back().memory()) % 16, 0u) << size;
  }
}

TEST(FramePool, KeepsObjectsSeparateInAnyOrderOfUse) {
  std::minstd_rand random(5);
  std::vector<Object> objects;
  for (int i = 0; i < 100'000; ++i) {
    if (objects.size() < 100 || (random() % 2 && objects.size() < 5000)) {
      objects.emplace_back(random() % 2500, static_cast<unsigned char>(random()));
    } else {
      std::swap(objects[random() % objects.size()], objects.back());
      objects.pop_back();
    }
  }
}

TEST_F(FramePoolMetrics, SizesAreRoundedUpToClassesOf16Bytes) {
  in_a_thread_of_its_own([&] {
    for (const auto& [size, rounded] : {std::pair<std::size_t, std::size_t>{0, 16},
                                        {1, 16},
                                        {16, 16},
                                        {17, 32},
                                        {32, 32},
                                        {2033, 2048},
                                        {2048, 2048}}) {
      const Object object(size);
      EXPECT_EQ(used(), rounded) << size;
    }
    const Object large(2049);
    EXPECT_EQ(used(), 0u) << "that is operator new's";
  });
}

TEST_F(FramePoolMetrics, ShareBlockPerSizeClassAndReuseLastReleased) {
  in_a_thread_of_its_own([&] {
    std::vector<Object> objects;
    for (int i = 0; i < 100; ++i) objects.emplace_back(500);  // of a block's 127
    EXPECT_EQ(mapped(), block_bytes);
    const void* last = objects.back().memory();
    objects.pop_back();
    EXPECT_EQ(Object(498).memory(), last);
    const Object other(100);
    EXPECT_EQ(mapped(), 2 * block_bytes) << "another class, another block";
  });
}

TEST_F(FramePoolMetrics, EmptyBlocksAboveTheLowWaterMarkGoBack) {
  in_a_thread_of_its_own([&] {
    std::vector<Object> objects;
    for (int i = 0; i < 10'000; ++i) objects.emplace_back(1000);
    EXPECT_GE(used(), 10'000'000u);
    EXPECT_GE(mapped(), used());
    EXPECT_LT(mapped(), used() * 11 / 10) << "little is lost";
    objects.clear();
    EXPECT_EQ(used(), 0u);
    EXPECT_EQ(mapped(), low_water_bytes);
  });
  EXPECT_EQ(mapped(), 0u) << "nothing is left of the thread";
}

TEST_F(FramePoolMetrics, ReturnsOnlyEmptyBlocks) {
  in_a_thread_of_its_own([&] {
    std::vector<Object> objects, kept;
    for (int i = 0; i < 10'000; ++i) {
      objects.emplace_back(1000);
      if (i % 50 == 0) kept.push_back(std::move(objects.back()));  // one in each block
    }
    const std::size_t peak = mapped();
    objects.clear();
    EXPECT_GT(mapped(), peak * 9 / 10);
    for (int i = 0; i < 9'000; ++i) objects.emplace_back(1000);
    EXPECT_LE(mapped(), peak) << "their room is used again";
    objects.clear();
    kept.clear();
    EXPECT_EQ(mapped(), low_water_bytes);
  });
}

TEST_F(FramePoolMetrics, EmptyBlocksServeOtherClasses) {
  in_a_thread_of_its_own([&] {
    for (std::size_t size = 16; size <= 2048; size += 16) {
      std::vector<Object> objects;
      for (std::size_t bytes = 0; bytes < 8 * block_bytes; bytes += size) objects.emplace_back(size);
      EXPECT_LE(mapped(), low_water_bytes) << size;
    }
  });
}

TEST_F(FramePoolMetrics, ObjectsReleasedByOtherThreadReturnToPool) {
  in_a_thread_of_its_own([&] {
    std::vector<Object> objects;
    for (int i = 0; i < 1000; ++i) objects.emplace_back(1000);
    const std::size_t peak = mapped();
    std::thread([&] { objects.clear(); }).join();
    for (int i = 0; i < 1000; ++i) objects.emplace_back(1000);
    EXPECT_LE(mapped(), peak) << "it is used again";
    std::thread([&] { objects.clear(); }).join();
    { const Object next(32); }  // the pool looks at what came back when it is asked for more
    EXPECT_EQ(used(), 0u);
  });
  EXPECT_EQ(mapped(), 0u);
}

TEST_F(FramePoolMetrics, PoolOfEndedThreadLivesUntilLastRelease) {
  std::vector<Object> objects;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) objects.emplace_back(1000);
  }).join();
  EXPECT_GE(used(), 1'000'000u);
  while (objects.size() > 1) objects.pop_back();
  EXPECT_GE(used(), 1000u);
  EXPECT_LE(mapped(), low_water_bytes + block_bytes);
  objects.clear();
  EXPECT_EQ(used(), 0u);
  EXPECT_EQ(mapped(), 0u);
}

// Allocates when its thread ends: after the thread's pool has been given up, if it was made before it.
struct AllocatesLate {
  ~AllocatesLate() {
    if (out) out->emplace_back(200);
    { const Object passing(300); }
  }
  std::vector<Object>* out = nullptr;
};

TEST_F(FramePoolMetrics, AThreadMayAllocateWhileItEnds) {
  std::vector<Object> objects;
  std::thread([&] {
    thread_local AllocatesLate late;
    late.out = &objects;
    const Object first(100);
  }).join();
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_GE(used(), 200u);
  objects.clear();
  EXPECT_EQ(mapped(), 0u);
}

TEST(FramePool, ManyThreadsHandObjectsToEachOther) {
  constexpr std::size_t count = 4;
  const auto before = frame_pool_usage();
  std::vector<std::vector<Object>> hands(count);
  for (unsigned round = 0; round < 50; ++round) {
    std::latch made(count), read(count);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < count; ++t) {
      threads.emplace_back([&, t] {
        std::vector<Object> mine;
        for (unsigned i = 0; i < 200; ++i) mine.emplace_back((i * 37) % 2500, static_cast<unsigned char>(t));
        made.arrive_and_wait();
        hands[t].swap(mine);  // its predecessor, of a thread that has ended, goes with this one
        read.arrive_and_wait();
        hands[(t + 1) % count].clear();  // of a thread that is alive, or is just ending
        (void)frame_pool_usage();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(frame_pool_usage().used_bytes, before.used_bytes);
  EXPECT_EQ(frame_pool_usage().mapped_bytes, before.mapped_bytes);
}

}  // namespace
}  // namespace leash
