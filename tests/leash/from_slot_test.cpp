#include "leash/from_slot.hpp"

#include <memory>

#include "leash/after_func.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

class FromSlotTest : public testing::LoopFixture {
 protected:
  asio::cancellation_signal signal;
};

TEST_F(FromSlotTest, AnEmitEndsTheContextAndAllBelowItAtOnce) {  // case 7
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  auto [child, cancel_child] = with_timeout(ctx, 1h);
  EXPECT_TRUE(signal.slot().has_handler());
  EXPECT_FALSE(ctx.is_done());
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(ctx.err(), errc::canceled);
  EXPECT_EQ(child.err(), errc::canceled);
  EXPECT_FALSE(signal.slot().has_handler()) << "unlinked";
  signal.emit(asio::cancellation_type::terminal);
}

TEST_F(FromSlotTest, TheCauseIsTheErrAndAChildsCauseDoesNotTouchIt) {  // cases 26 and 27
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  auto [child, cancel_child] = with_cancel(ctx);
  cancel_child(errc::disconnected);
  EXPECT_EQ(child.cause(), errc::disconnected);
  EXPECT_FALSE(ctx.is_done());
  signal.emit(asio::cancellation_type::total);
  EXPECT_EQ(ctx.cause(), errc::canceled);
  EXPECT_EQ(child.cause(), errc::disconnected);
}

TEST_F(FromSlotTest, UnlinksOnCancel) {  // case 37
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  cancel();
  EXPECT_FALSE(signal.slot().has_handler());
  EXPECT_EQ(ctx.err(), errc::canceled);
}

TEST_F(FromSlotTest, UnlinksWhenItGoesOutOfScope) {
  for (int i = 0; i < 3; ++i) auto bridged = from_slot(loop, signal.slot());
  EXPECT_FALSE(signal.slot().has_handler());
}

TEST_F(FromSlotTest, AfterFuncRunsThroughTheBridge) {  // cases 33, 35, 36
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  int runs = 0;
  auto stop = after_func(ctx, [&] { ++runs; });
  auto stopped = after_func(ctx, [&] { runs += 100; });
  EXPECT_TRUE(stopped.stop());  // case 36, 38
  signal.emit(asio::cancellation_type::partial);
  EXPECT_EQ(runs, 0);
  poll();
  EXPECT_EQ(runs, 1);
  auto at_once = after_func(ctx, [&] { ++runs; });  // case 35
  poll();
  EXPECT_EQ(runs, 2);
}

TEST_F(FromSlotTest, ATimeoutBelowItPassesByItself) {  // case 34
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  auto [child, cancel_child] = with_timeout(ctx, 1s);
  advance(1s);
  EXPECT_EQ(child.err(), errc::deadline_exceeded);
  EXPECT_FALSE(ctx.is_done());
  EXPECT_TRUE(signal.slot().has_handler());
}

TEST_F(FromSlotTest, TheSignalMayGoFirst) {
  auto other = std::make_unique<asio::cancellation_signal>();
  auto [ctx, cancel] = from_slot(loop, other->slot());
  other.reset();
  EXPECT_FALSE(ctx.is_done());
  cancel();
  EXPECT_TRUE(ctx.is_done());
}

TEST_F(FromSlotTest, ASlotThatIsNotConnectedGivesAPlainContext) {
  auto [ctx, cancel] = from_slot(loop, asio::cancellation_slot());
  EXPECT_FALSE(ctx.is_done());
  cancel(errc::disconnected);
  EXPECT_EQ(ctx.cause(), errc::disconnected);
}

TEST_F(FromSlotTest, DrainEndsItAndUnlinks) {
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  loop.drain();
  EXPECT_EQ(ctx.cause(), errc::shutdown);
  EXPECT_FALSE(signal.slot().has_handler());
  auto [late, cancel_late] = from_slot(loop, signal.slot());
  EXPECT_TRUE(late.is_done());
  EXPECT_FALSE(signal.slot().has_handler());
}

TEST(FromSlotAndLoop, TheLoopsEndUnlinks) {
  asio::io_context io{1};
  asio::cancellation_signal signal;
  auto loop = std::make_unique<Loop>(io);
  auto [ctx, cancel] = from_slot(*loop, signal.slot());
  loop.reset();
  EXPECT_FALSE(signal.slot().has_handler());
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_EQ(ctx.cause(), errc::shutdown);
}

}  // namespace
}  // namespace leash
