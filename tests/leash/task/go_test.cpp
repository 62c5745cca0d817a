// SPDX-License-Identifier: BSL-1.0
#include "leash/go.hpp"

#include <stdexcept>

#include "leash/channel.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using GoTest = testing::LoopFixture;

Task<> append(std::string* text, const char* what) {
  *text += what;
  co_return;
}

TEST_F(GoTest, StartsInALaterTurnAndInOrder) {
  std::string text;
  go(root(), append(&text, "a"));
  go(root(), append(&text, "b"), "named");
  EXPECT_EQ(text, "");
  EXPECT_EQ(live_tasks(loop), 2u);
  poll();
  EXPECT_EQ(text, "ab");
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(GoTest, StartsAlsoUnderADoneContext) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  std::string text;
  Channel<int> ch;
  go(ctx, [](Context c, Channel<int> channel, std::string* out) -> Task<> {
    *out += "started ";
    auto r = co_await channel.receive(c);
    *out += r.error().message();
  }(ctx, ch, &text));
  poll();
  EXPECT_EQ(text, "started context canceled");
}

TEST_F(GoTest, AnExceptionReachesTheLoopWithItsTaskAndIsCounted) {
  expect_exceptions();
  go(
      root(),
      []() -> Task<> {
        throw std::runtime_error("left a task");
        co_return;
      }(),
      "thrower");
  go(root(), []() -> Task<Result<>> {
    throw 5;
    co_return Result<>();
  }());
  poll();
  ASSERT_EQ(exceptions.size(), 2u);
  EXPECT_EQ(what(exceptions[0]), "left a task");
  EXPECT_EQ(exception_tasks[0], "thrower");
  EXPECT_EQ(loop.metrics()->exceptions.get(), 2u);
}

TEST_F(GoTest, ATaskMayStartOthersFromItsParametersDestructors) {
  struct Starter {
    Starter(Context c, std::string* t) : ctx(c), text(t) {}
    Starter(Starter&& other) noexcept : ctx(other.ctx), text(std::exchange(other.text, nullptr)) {}
    ~Starter() {
      if (text) go(ctx, append(text, "late"));
    }
    Context ctx;
    std::string* text;
  };
  std::string text;
  go(root(), [](Starter) -> Task<> { co_return; }(Starter(root(), &text)));
  poll();
  EXPECT_EQ(text, "late");
}

TEST(GoDeathTest, AfterTheLoopsEndAborts) {
  asio::io_context io{1};
  auto loop = std::make_unique<Loop>(io);
  const Context ctx = loop->background();
  loop.reset();
  std::string text;
  EXPECT_DEATH(go(ctx, append(&text, "x")), "a task was started on a loop that no longer exists");
}

}  // namespace
}  // namespace leash
