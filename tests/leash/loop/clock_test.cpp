// SPDX-License-Identifier: BSL-1.0
#include "leash/clock.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<ManualClock>);

using ClockTest = testing::LoopFixture;

TEST(ManualClockTest, StandsStillUntilAdvanced) {
  ManualClock clock;
  const TimePoint start = clock.now();
  EXPECT_NE(start, TimePoint{});
  EXPECT_EQ(clock.now(), start);
  clock.advance(3s);
  EXPECT_EQ(clock.now(), start + 3s);
}

TEST(ManualClockTest, TellsItsListenersUntilTheyLeave) {
  ManualClock clock;
  int told = 0;
  clock.on_move(&told, [&] { ++told; });
  clock.advance(1s);
  clock.advance(0s);
  EXPECT_EQ(told, 2);
  clock.on_move(&told, nullptr);
  clock.advance(1s);
  EXPECT_EQ(told, 2);
}

TEST(ManualClockDeathTest, DoesNotGoBack) {
  EXPECT_DEATH({ ManualClock().advance(-1s); }, "advanced by a negative amount");
}

TEST(ManualClockDeathTest, OutlivesItsLoops) {
  EXPECT_DEATH(
      {
        ManualClock clock;
        clock.on_move(&clock, [] {});
      },
      "destroyed before a loop");
}

TEST(LaterTest, DoesNotOverflow) {
  const TimePoint now = TimePoint(1h);
  EXPECT_EQ(later(now, 1s), now + 1s);
  EXPECT_EQ(later(now, -1s), now - 1s);
  EXPECT_EQ(later(now, Duration::max()), last_instant);
  EXPECT_EQ(later(last_instant, Duration::max()), last_instant);
  EXPECT_EQ(later(now, Duration::min()), now + Duration::min());
  EXPECT_LT(last_instant, TimePoint::max());
}

static_assert(later(TimePoint::min(), Duration::min()) == TimePoint::min());
static_assert(later(TimePoint(Duration(-5)), Duration::max()) < last_instant);
static_assert(later(TimePoint(Duration(5)), Duration::max()) == last_instant);
static_assert(later(TimePoint(Duration(5)), -Duration(7)) == TimePoint(Duration(-2)));
static_assert(between(TimePoint::min(), TimePoint::max()) == Duration::max());
static_assert(between(TimePoint::max(), TimePoint::min()) == Duration::min());
static_assert(between(TimePoint(Duration(7)), TimePoint(Duration(5))) == Duration(-2));

TEST_F(ClockTest, StopsAtLastInstant) {
  const auto at_the_end = with_deadline(root(), last_instant);
  const auto never = with_timeout(root(), Duration::max());
  advance(Duration::max());
  advance(Duration::max());
  EXPECT_EQ(clock.now(), last_instant);
  EXPECT_EQ(at_the_end.ctx.err(), errc::deadline_exceeded);
  EXPECT_EQ(never.ctx.err(), errc::deadline_exceeded) << "a duration from now, not TimePoint::max()";
}

TEST_F(ClockTest, EqualDeadlinesFireInOrderOfCreation) {
  std::string order;
  const auto note = [](Context, int number, std::string* out) -> Task<> {
    (void)co_await sleep(10ms);
    *out += std::to_string(number);
  };
  for (int i = 0; i < 10; ++i) start(note, i, &order);
  advance(10ms);
  EXPECT_EQ(order, "0123456789");
}

// As some virtual clocks do, it starts far below zero.
class LowClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return now_; }
  void on_move(const void*, std::function<void()> tell) override { tell_ = std::move(tell); }
  void move_to(TimePoint time) {
    now_ = time;
    tell_();
  }

 private:
  TimePoint now_ = TimePoint::min();
  std::function<void()> tell_;
};

TEST(LowClockTest, InstantsBelowZeroAreInstantsLikeOthers) {
  LowClock clock;
  asio::io_context io{1};
  LoopOptions options;
  options.clock = &clock;
  Loop loop{io, std::move(options)};
  const auto longest = with_timeout(loop.background(), Duration::max());
  const auto past = with_timeout(loop.background(), Duration::min());
  auto [owner, cancel] = with_timeout(loop.background(), 1s);
  go(
      owner, [](Context) -> Task<> { (void)co_await sleep(Duration::max()); }(owner), "sleeper");
  io.poll();
  EXPECT_TRUE(past.ctx.is_done());
  EXPECT_EQ(owner.remaining(), 1s);
  EXPECT_FALSE(longest.ctx.is_done());
  clock.move_to(TimePoint::min() + 3s);
  io.restart();
  io.poll();
  EXPECT_EQ(owner.err(), errc::deadline_exceeded);
  EXPECT_EQ(snapshot(loop).at(0).age, 3s);
  clock.move_to(last_instant);
  io.restart();
  io.poll();
  EXPECT_EQ(live_tasks(loop), 0u);
}

}  // namespace
}  // namespace leash
