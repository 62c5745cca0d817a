// SPDX-License-Identifier: BSL-1.0
#include "leash/done.hpp"

#include <string>
#include <type_traits>

#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<DoneSource> && std::is_nothrow_move_constructible_v<DoneSource>);
static_assert(std::is_copy_constructible_v<Done> && !std::is_default_constructible_v<Done>);

using DoneTest = testing::LoopFixture;

Task<> wait_for(Done done, int* woken) {
  co_await done.wait();
  ++*woken;
}

TEST_F(DoneTest, CloseWakesEveryWaiterPresentAndFuture) {
  DoneSource source;
  int woken = 0;
  for (int i = 0; i < 3; ++i) go(root(), wait_for(source.done(), &woken));
  poll();
  EXPECT_EQ(woken, 0);
  EXPECT_FALSE(source.done().closed());
  source.close();
  source.close();
  EXPECT_EQ(woken, 0) << "none goes on inside the call";
  poll();
  EXPECT_EQ(woken, 3);
  go(root(), wait_for(source.done(), &woken));
  poll();
  EXPECT_EQ(woken, 4);
}

TEST_F(DoneTest, DestroyedSourceCloses) {
  int woken = 0;
  {
    DoneSource source;
    go(root(), wait_for(source.done(), &woken));
    poll();
    const DoneSource moved = std::move(source);
    poll();
    EXPECT_EQ(woken, 0);
  }
  poll();
  EXPECT_EQ(woken, 1);
}

TEST_F(DoneTest, AContextEndsTheWait) {
  DoneSource source;
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context c, Done done, std::string* out) -> Task<> {
        auto r = co_await done.wait(c);
        *out = r ? "closed" : r.error().message();
      },
      source.done(), &text);
  cancel();
  poll();
  EXPECT_EQ(text, "context canceled");
}

TEST_F(DoneTest, IsACaseOfSelect) {
  DoneSource source;
  int index = -1;
  start(
      [](Context, Done done, int* out) -> Task<> {
        auto r = co_await select(sleep(1h), done.wait());
        *out = static_cast<int>(r.index());
      },
      source.done(), &index);
  source.close();
  poll();
  EXPECT_EQ(index, 1);
}

TEST(DoneDeathTest, AMovedFromSourceAborts) {
  DoneSource source;
  const DoneSource other = std::move(source);
  EXPECT_DEATH((void)source.done(), "DoneSource used after it was moved from");
  Done done = other.done();
  const Done kept = std::move(done);
  EXPECT_DEATH((void)done.closed(), "Done used after it was moved from");
  EXPECT_DEATH((void)done.wait(), "Done used after it was moved from");
}

}  // namespace
}  // namespace leash
