// SPDX-License-Identifier: BSL-1.0
#include "leash/sleep.hpp"

#include <string>

#include "leash/scope.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

using SleepTest = testing::LoopFixture;

TEST_F(SleepTest, WakesWhenTheTimeHasComeAndNotBefore) {
  bool awake = false;
  start(
      [](Context, bool* out) -> Task<> {
        co_await sleep(100ms);
        *out = true;
      },
      &awake);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u);
  advance(100ms - 1ns);
  EXPECT_FALSE(awake);
  advance(1ns);
  EXPECT_TRUE(awake);
}

TEST_F(SleepTest, ZeroOrLessIsReadyAtOnce) {
  bool awake = false;
  start(
      [](Context ctx, bool* out) -> Task<> {
        co_await sleep(0s);
        co_await sleep(-1s);
        *out = (co_await sleep(ctx, 0s)).has_value();
      },
      &awake);
  EXPECT_TRUE(awake);
}

TEST_F(SleepTest, AContextEndsItAndDropsItsTimer) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context c, std::string* out) -> Task<> {
        auto r = co_await sleep(c, 1h);
        *out = r.error().message();
      },
      &text);
  cancel();
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
  poll();
  EXPECT_EQ(text, "context canceled");
}

TEST_F(SleepTest, MayBeEndless) {
  auto [ctx, cancel] = with_cancel(root());
  bool awake = false;
  start_under(
      ctx,
      [](Context c, bool* out) -> Task<> {
        (void)co_await sleep(c, Duration::max());
        *out = true;
      },
      &awake);
  advance(100'000h);
  EXPECT_FALSE(awake);
  cancel();
  poll();
  EXPECT_TRUE(awake);
}

TEST_F(SleepTest, DestroyedScopeDropsTimer) {
  start([](Context ctx) -> Task<> {
    Scope s(ctx);
    s.go([]() -> Task<> { co_await sleep(1h); }());
    co_await sleep(1s);
  });
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 2u);
  advance(1s);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
}

TEST(SleepOnTheSteadyClock, IsNeverEarly) {
  asio::io_context io{1};
  Loop loop{io};
  bool early = false;
  for (int i = 1; i <= 20; ++i) {
    go(loop.background(), [](Duration d, bool* out) -> Task<> {
      const auto begin = std::chrono::steady_clock::now();
      co_await sleep(d);
      if (std::chrono::steady_clock::now() - begin < d) *out = true;
    }(std::chrono::microseconds(i * 137), &early));
  }
  EXPECT_TRUE(loop.run());
  EXPECT_FALSE(early);
}

TEST(SleepOnTheSteadyClock, EndlessSleepHoldsRun) {
  asio::io_context io{1};
  Loop loop{io};
  auto [ctx, cancel] = with_cancel(loop.background());
  go(ctx, [](Context c) -> Task<> { (void)co_await sleep(c, Duration::max()); }(ctx));
  io.run_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(io.stopped());
  cancel();
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(live_tasks(loop), 0u);
}

}  // namespace
}  // namespace leash
