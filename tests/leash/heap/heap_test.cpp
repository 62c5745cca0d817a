// SPDX-License-Identifier: BSL-1.0
#include "leash/heap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "leash/channel.hpp"
#include "leash/detail/heap_charges.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/reaper.hpp"
#include "tests/support/loop_fixture.hpp"

namespace {

using leash::Task;

class Heap : public leash::testing::LoopFixture {
 protected:
  Heap() { leash::set_heap_rate(leash::default_heap_rate); }
  ~Heap() override { leash::set_heap_rate(leash::default_heap_rate); }

  static std::uint64_t charged_to(std::uint64_t task, const leash::Loop& loop) {
    return leash::detail::heap_charges.load()->of_task(loop.metrics().get(), task);
  }
};

// Holds its payload until the channel is closed.
Task<> hold(leash::Channel<int> until, std::size_t bytes) {
  const std::string payload(bytes, 'x');
  (void)co_await until.receive();
}

double error_of(std::uint64_t estimate, double truth) {
  return std::abs(static_cast<double>(estimate) - truth) / truth;
}

TEST_F(Heap, IsChargedToAThousandTasksWithinTenPercent) {
  leash::Channel<int> until;
  constexpr double truth = 1000.0 * 16 * 1024;
  const std::uint64_t before = leash::charged_heap_bytes();
  for (int i = 0; i < 1000; ++i) leash::go(root(), hold(until, 16 * 1024));
  poll();
  EXPECT_LT(error_of(leash::charged_heap_bytes() - before, truth), 0.10);
  until.close();
  poll();
  EXPECT_EQ(leash::charged_heap_bytes(), before) << "all of it has been freed";
}

TEST_F(Heap, IsInReportsBesideTheFrames) {
  leash::Channel<int> until;
  for (int i = 0; i < 1000; ++i) leash::go(root(), hold(until, 16 * 1024));
  poll();
  const leash::Dump dump = leash::take_dump(loop);
  ASSERT_EQ(dump.entries.size(), 1u);
  EXPECT_LT(error_of(dump.entries[0].heap_bytes.value_or(0), 1000.0 * 16 * 1024), 0.10);
  const std::string text = leash::to_text(dump);
  EXPECT_NE(text.find("the oldest; they hold 1"), std::string::npos) << text;
  EXPECT_NE(text.find(" MiB: "), std::string::npos) << text;
  EXPECT_NE(text.find(" of frames\n"), std::string::npos) << text;
  until.close();
  poll();
}

TEST_F(Heap, KeepsSmallAndLargeBlocksApart) {
  leash::Channel<int> until;
  for (int i = 0; i < 2000; ++i) {
    leash::go(root(), hold(until, i % 2 == 0 ? 100 : 100'000));
  }
  poll();
  std::uint64_t small = 0;
  std::uint64_t large = 0;
  for (std::uint64_t id = 1; id <= 2000; ++id) (id % 2 == 1 ? small : large) += charged_to(id, loop);
  EXPECT_LT(error_of(large, 1000.0 * 100'000), 0.10);
  EXPECT_LT(small, 1'000'000u) << "100,000 bytes, of which few are sampled";
  until.close();
  poll();
}

TEST_F(Heap, IsSummedUpBySite) {
  leash::Channel<int> until;
  const unsigned line = __LINE__ + 1;
  for (int i = 0; i < 100; ++i) leash::go(root(), hold(until, 1 << 19));
  poll();
  const auto* reader = leash::detail::heap_charges.load();
  EXPECT_LT(error_of(reader->of_site(__FILE__, line), 100.0 * (1 << 19)), 0.10);
  EXPECT_EQ(reader->of_site(__FILE__, line + 1), 0u);
  until.close();
  poll();
  EXPECT_EQ(reader->of_site(__FILE__, line), 0u);
}

TEST_F(Heap, StaysChargedToItsAllocator) {
  leash::Channel<std::unique_ptr<std::string>> handed(1);
  leash::Channel<int> until;
  const auto allocate = [](leash::Channel<std::unique_ptr<std::string>> to,
                           leash::Channel<int> end) -> Task<> {
    auto block = std::make_unique<std::string>(std::size_t{4} << 19, 'x');
    (void)co_await to.send(std::move(block));
    (void)co_await end.receive();
  };
  leash::go(root(), allocate(handed, until));
  poll();
  auto taken = handed.try_receive();
  ASSERT_TRUE(taken.has_value());
  EXPECT_LT(error_of(charged_to(1, loop), 4.0 * (1 << 19)), 0.10) << "although the test holds it now";
  taken = std::unexpected(leash::make_error_code(leash::errc::canceled));
  EXPECT_LT(charged_to(1, loop), 1u << 19) << "small blocks of its own may have been sampled";
  until.close();
  poll();
}

TEST_F(Heap, IsFreedOnAnotherThread) {
  std::unique_ptr<std::string> block;
  const auto allocate = [](std::unique_ptr<std::string>* to) -> Task<> {
    *to = std::make_unique<std::string>(std::size_t{4} << 19, 'x');
    co_return;
  };
  const std::uint64_t before = leash::charged_heap_bytes();
  leash::go(root(), allocate(&block));
  poll();
  EXPECT_GT(leash::charged_heap_bytes(), before);
  std::thread([&] { block.reset(); }).join();
  EXPECT_EQ(leash::charged_heap_bytes(), before);
}

TEST_F(Heap, IsNotChargedWithoutATask) {
  const std::uint64_t before = leash::charged_heap_bytes();
  const std::string mine(8 << 20, 'x');
  EXPECT_EQ(leash::charged_heap_bytes(), before);
  EXPECT_EQ(mine.size(), std::size_t{8} << 20);
}

TEST_F(Heap, TakesNoSampleAtRateZero) {
  leash::set_heap_rate(0);
  EXPECT_EQ(leash::heap_rate(), 0u);
  leash::Channel<int> until;
  const std::uint64_t before = leash::charged_heap_bytes();
  for (int i = 0; i < 100; ++i) leash::go(root(), hold(until, 1 << 19));
  poll();
  EXPECT_EQ(leash::charged_heap_bytes(), before);
  until.close();
  poll();
}

#ifndef LEASH_SANITIZED  // whose malloc ends the program if the request is too large
TEST_F(Heap, KeepsTheContractOfOperatorNew) {
  EXPECT_THROW((void)::operator new (std::size_t{1} << 62), std::bad_alloc);
  EXPECT_EQ(::operator new (std::size_t{1} << 62, std::nothrow), nullptr);
  static int asked;
  asked = 0;
  std::set_new_handler([] {
    if (++asked == 3) std::set_new_handler(nullptr);
  });
  EXPECT_THROW((void)::operator new (std::size_t{1} << 62), std::bad_alloc);
  EXPECT_EQ(asked, 3);
  void* const aligned = ::operator new (100, std::align_val_t{256});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(aligned) % 256, 0u);
  ::operator delete (aligned, std::align_val_t{256});
  void* const empty = ::operator new(0);
  EXPECT_NE(empty, nullptr);
  ::operator delete(empty);
}
#endif

}  // namespace
