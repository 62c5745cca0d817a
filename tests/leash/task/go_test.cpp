// SPDX-License-Identifier: BSL-1.0
#include "leash/go.hpp"

#include <stdexcept>

#include "leash/channel.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using testing::Counted;

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

TEST_F(GoTest, StartsUnderDoneContext) {
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

TEST_F(GoTest, KeepsAFunctionWithItsCaptures) {
  std::string text;
  {
    const Counted counted(7);
    const std::string word(100, 'x');
    go(root(), [counted, word, &text](Context ctx) -> Task<> {
      (void)co_await sleep(ctx, 1s);
      text = std::to_string(counted.value) + std::to_string(word.size());
    });
  }
  poll();
  EXPECT_EQ(Counted::alive, 1) << "in the task's frame, although all of its starter has gone";
  advance(1s);
  EXPECT_EQ(text, "7100");
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(GoTest, TakesFunctionsWithoutAContextAndWithAResult) {
  std::string text;
  go(root(), [&text]() -> Task<Result<>> {
    text = "ran";
    co_return std::unexpected(make_error_code(errc::closed));
  });
  poll();
  EXPECT_EQ(text, "ran");
  std::uint64_t errors = 0;
  for (const SiteMetrics& site : loop.metrics()->sites()) errors += site.finished[1].get();
  EXPECT_EQ(errors, 1u) << "its error is counted, as a task's is";
}

TEST_F(GoTest, ReportsOfAFunctionsTaskHaveItsFramesAlone) {
  keep_leaks();
  Channel<int> ch;
  go(root(), [ch](Context ctx) -> Task<> { (void)co_await ch.receive(ctx); });
  EXPECT_EQ(snapshot(loop).at(0).frames.size(), 0u) << "it has not run yet";
  poll();
  const TaskInfo task = snapshot(loop).at(0);
  ASSERT_EQ(task.frames.size(), 1u);
  EXPECT_EQ(task.frames[0].file, "tests/leash/task/go_test.cpp");
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
