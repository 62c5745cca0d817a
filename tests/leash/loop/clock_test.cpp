#include "leash/clock.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<ManualClock>);

TEST(ManualClockTest, StandsStillUntilItIsAdvanced) {
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

}  // namespace
}  // namespace leash
