// SPDX-License-Identifier: BSL-1.0
#include "leash/scoped.hpp"

#include <stdexcept>
#include <string>

#include "leash/channel.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

class ScopedTest : public testing::LoopFixture {
 protected:
  // Runs the body in scoped(), and keeps what came of it.
  template <class Body>
  void run(Body body) {
    go(root(), [this, body = std::move(body)](Context ctx) mutable -> Task<> {
      try {
        auto result = co_await scoped(ctx, std::move(body));
        said = result ? "ok" : result.error().message();
      } catch (const std::exception& e) {
        said = std::string("threw ") + e.what();
      }
    });
    poll();
  }
  std::string said;
  std::string order;
};

Task<> write_after(Context ctx, Duration pause, std::string* text, const char* what) {
  const auto slept = co_await sleep(ctx, pause);
  *text += slept ? what : std::string(what) + " was canceled, ";
}
Task<Result<>> fail_after(Context ctx, Duration pause) {
  (void)co_await sleep(ctx, pause);
  co_return std::unexpected(make_error_code(errc::closed));
}

TEST_F(ScopedTest, EndsAfterTheBodyAndAllTasks) {
  run([this](Scope& s) -> Task<> {
    s.go(write_after(s.ctx(), 2s, &order, "task "));
    (void)co_await sleep(s.ctx(), 1s);
    order += "body ";
  });
  advance(1s);
  EXPECT_EQ(order, "body ");
  EXPECT_EQ(said, "");
  advance(1s);
  EXPECT_EQ(order, "body task ");
  EXPECT_EQ(said, "ok");
}

TEST_F(ScopedTest, GivesTheBodysValue) {
  int got = 0;
  go(root(), [&got](Context ctx) -> Task<> {
    auto body = [](Scope& s) -> Task<Result<int>> {
      (void)co_await sleep(s.ctx(), 1s);
      co_return 42;
    };
    const Result<int> result = co_await scoped(ctx, body);
    got = result.value();
  });
  advance(1s);
  EXPECT_EQ(got, 42);
}

TEST_F(ScopedTest, FailingBodyCancelsTasks) {
  std::error_code cause;
  run([this, &cause](Scope& s) -> Task<Result<>> {
    s.go(write_after(s.ctx(), 1h, &order, "task"));
    s.go([&cause](Context ctx) -> Task<> {
      co_await ctx.done();
      cause = ctx.cause();
    });
    (void)co_await sleep(s.ctx(), 1s);
    co_return std::unexpected(make_error_code(errc::disconnected));
  });
  advance(1s);
  EXPECT_EQ(order, "task was canceled, ");
  EXPECT_EQ(said, make_error_code(errc::disconnected).message());
  EXPECT_EQ(cause, errc::disconnected);
}

TEST_F(ScopedTest, ThrowingBodyCancelsTasks) {
  run([this](Scope& s) -> Task<> {
    s.go(write_after(s.ctx(), 1h, &order, "task"));
    co_await sleep(1s);
    throw std::runtime_error("out of the body");
  });
  advance(1s);
  EXPECT_EQ(order, "task was canceled, ");
  EXPECT_EQ(said, "threw out of the body");
}

TEST_F(ScopedTest, FailingTaskCancelsBody) {
  run([this](Scope& s) -> Task<Result<>> {
    s.go(fail_after(s.ctx(), 1s));
    const auto slept = co_await sleep(s.ctx(), 1h);
    order = slept ? "slept" : "canceled";
    co_return slept;
  });
  advance(1s);
  EXPECT_EQ(order, "canceled");
  EXPECT_EQ(said, make_error_code(errc::closed).message()) << "the cause, not what followed";
}

TEST_F(ScopedTest, ATasksExceptionIsRethrown) {
  run([](Scope& s) -> Task<> {
    s.go([]() -> Task<> {
      throw std::runtime_error("out of a task");
      co_return;
    });
    (void)co_await sleep(s.ctx(), 1h);
  });
  EXPECT_EQ(said, "threw out of a task");
}

TEST_F(ScopedTest, TheEndOfItsContextIsItsError) {
  auto made = with_cancel(root());
  go(root(), [this, ctx = made.ctx](Context) -> Task<> {
    auto body = [this](Scope& s) -> Task<> {
      s.go(write_after(s.ctx(), 1h, &order, "task"));
      co_return;
    };
    const auto result = co_await scoped(ctx, body);
    said = result.error().message();
  });
  poll();
  made.cancel();
  poll();
  EXPECT_EQ(order, "task was canceled, ");
  EXPECT_EQ(said, make_error_code(errc::canceled).message());
}

TEST_F(ScopedTest, ReportsDoNotShowItsOwnFrames) {
  keep_leaks();
  run([](Scope&) -> Task<> { co_await sleep(1h); });
  const TaskInfo task = snapshot(loop).at(0);
  EXPECT_EQ(task.frames.size(), 2u);
  for (const Frame& frame : task.frames) {
    EXPECT_EQ(frame.file, "tests/leash/task/scoped_test.cpp");
  }
}

}  // namespace
}  // namespace leash
