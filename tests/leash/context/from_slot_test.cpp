// SPDX-License-Identifier: BSL-1.0
#include "leash/from_slot.hpp"

#include <memory>

#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

// Cases about foreign parents are in context_bridged_test.cpp.
class FromSlotTest : public testing::LoopFixture {
 protected:
  asio::cancellation_signal signal;
};

TEST_F(FromSlotTest, AnEmitEndsTheContextAndAllBelowItAtOnce) {
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

TEST_F(FromSlotTest, UnlinksOnCancel) {
  auto [ctx, cancel] = from_slot(loop, signal.slot());
  cancel();
  EXPECT_FALSE(signal.slot().has_handler());
  EXPECT_EQ(ctx.err(), errc::canceled);
}

TEST_F(FromSlotTest, UnlinksWhenItGoesOutOfScope) {
  for (int i = 0; i < 3; ++i) auto bridged = from_slot(loop, signal.slot());
  EXPECT_FALSE(signal.slot().has_handler());
}

TEST_F(FromSlotTest, TheSignalMayGoFirst) {
  auto other = std::make_unique<asio::cancellation_signal>();
  auto [ctx, cancel] = from_slot(loop, other->slot());
  other.reset();
  EXPECT_FALSE(ctx.is_done());
  cancel();
  EXPECT_TRUE(ctx.is_done());
}

TEST_F(FromSlotTest, UnconnectedSlotGivesPlainContext) {
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
