// SPDX-License-Identifier: BSL-1.0
#include "leash/wait_group.hpp"

#include <string>

#include "leash/reaper.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

using WaitGroupTest = testing::LoopFixture;

Task<> wait_for(WaitGroup group, int* woken) {
  co_await group.wait();
  ++*woken;
}

TEST_F(WaitGroupTest, EveryWaiterGoesOnAtZeroAndNotBefore) {
  const WaitGroup group;
  group.add(2);
  int woken = 0;
  go(root(), wait_for(group, &woken));
  go(root(), wait_for(group, &woken));
  poll();
  group.done();
  poll();
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(group.count(), 1);
  group.done();
  EXPECT_EQ(woken, 0) << "none goes on inside the call";
  poll();
  EXPECT_EQ(woken, 2);
}

TEST_F(WaitGroupTest, DoesNotBlockAtZeroAndIsReusable) {
  const WaitGroup group;
  int woken = 0;
  go(root(), wait_for(group, &woken));
  poll();
  EXPECT_EQ(woken, 1);
  group.add();
  go(root(), wait_for(group, &woken));
  poll();
  EXPECT_EQ(woken, 1);
  group.done();
  poll();
  EXPECT_EQ(woken, 2);
}

TEST_F(WaitGroupTest, AContextEndsTheWait) {
  const WaitGroup group;
  group.add();
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context c, WaitGroup g, std::string* out) -> Task<> {
        const auto waited = co_await g.wait(c);
        *out = waited ? "done" : waited.error().message();
      },
      group, &text);
  cancel();
  poll();
  EXPECT_EQ(text, "context canceled");
}

TEST_F(WaitGroupTest, IsACaseOfSelect) {
  const WaitGroup group;
  group.add();
  std::size_t index = 9;
  start(
      [](Context, WaitGroup g, std::size_t* out) -> Task<> {
        auto r = co_await select(sleep(1h), g.wait());
        *out = r.index();
      },
      group, &index);
  group.done();
  poll();
  EXPECT_EQ(index, 1u);
}

TEST_F(WaitGroupTest, ForgottenDoneLeaksTaskNamingItsWait) {
  int woken = 0;
  {
    const WaitGroup group;
    group.add();
    auto [ctx, cancel] = with_cancel(root());
    go(ctx, wait_for(group, &woken));
    poll();
  }
  advance(1s);
  const auto tasks = snapshot(loop);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].wait, WaitKind::wait_group);
  EXPECT_EQ(tasks[0].state, TaskState::leaked);
  EXPECT_EQ(reap(loop).ended, 1u);
}

TEST(WaitGroupDeathTest, DoneMoreOftenThanAddedAborts) {
  const WaitGroup group;
  EXPECT_DEATH(group.done(), "the counter of a WaitGroup went below 0");
}

TEST_F(WaitGroupTest, WokenWaiterContinuesAboveZero) {
  const WaitGroup group;
  group.add();
  int woken = 0;
  go(root(), wait_for(group, &woken));
  poll();
  group.done();
  group.add();  // before the waiter has run
  poll();
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(group.count(), 1);
}

TEST(WaitGroupDeathTest, AnOverflowHasItsOwnMessage) {
  const WaitGroup group;
  group.add(INT64_MAX);
  EXPECT_DEATH(group.add(), "the counter of a WaitGroup overflowed");
}

TEST(WaitGroupMisuse, UseAfterAMoveIsNamed) {
  WaitGroup moved;
  const WaitGroup kept = std::move(moved);
  EXPECT_DEATH(moved.add(), "WaitGroup used after it was moved from");
  EXPECT_DEATH((void)moved.wait(), "WaitGroup used after it was moved from");
  EXPECT_EQ(kept.count(), 0);
}

}  // namespace
}  // namespace leash
