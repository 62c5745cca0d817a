// SPDX-License-Identifier: BSL-1.0
#include "leash/task.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using testing::Counted;

static_assert(std::is_nothrow_move_constructible_v<Task<>> && std::is_nothrow_move_assignable_v<Task<>>);
static_assert(!std::is_copy_constructible_v<Task<>> && !std::is_default_constructible_v<Task<>>);
static_assert(sizeof(Task<std::string>) == sizeof(void*));

#ifdef LEASH_SANITIZED
constexpr int many_awaits = 100'000;
constexpr int deep = 20'000;
#else
constexpr int many_awaits = 1'000'000;
constexpr int deep = 100'000;
#endif

class TaskTest : public testing::LoopFixture {
 protected:
  void TearDown() override {
    LoopFixture::TearDown();
    EXPECT_EQ(Counted::alive, 0) << "objects that were not destroyed, or twice";
    Counted::alive = 0;
  }
};

Task<int> answer(int n) { co_return n; }
Task<std::unique_ptr<int>> boxed(int n) { co_return std::make_unique<int>(n); }
Task<int> throws() {
  throw std::runtime_error("thrown");
  co_return 0;
}
Task<int> passes_on() { co_return 1 + co_await throws(); }
Task<> touch(int* ran) {
  ++*ran;
  co_return;
}

TEST_F(TaskTest, ResultsComeThroughAwaits) {
  int sum = 0;
  start(
      [](Context, int* out) -> Task<> {
        *out += co_await answer(40);
        const std::unique_ptr<int> two = co_await boxed(2);
        *out += *two;
      },
      &sum);
  EXPECT_EQ(sum, 42);
}

TEST_F(TaskTest, ExceptionsComeThroughAwaits) {
  std::string caught;
  start(
      [](Context, std::string* out) -> Task<> {
        try {
          (void)co_await passes_on();
        } catch (const std::runtime_error& e) {
          *out = e.what();
        }
      },
      &caught);
  EXPECT_EQ(caught, "thrown");
}

TEST_F(TaskTest, ATaskIsLazyAndDestroysItsFrameWhenItNeverRan) {
  int ran = 0;
  {
    Counted counted(1);
    auto make = [](Counted, int* out) -> Task<> {
      return [](Counted, int* o) -> Task<> {
        ++*o;
        co_return;
      }(Counted(2), out);
    };
    Task<> task = make(counted, &ran);
    EXPECT_EQ(Counted::alive, 2);
    Task<> other = touch(&ran);
    other = std::move(task);
  }
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(TaskTest, SynchronousAwaitsDoNotGrowTheStack) {
  long sum = 0;
  start(
      [](Context, long* out) -> Task<> {
        for (int i = 0; i < many_awaits; ++i) *out += co_await answer(1);
      },
      &sum);
  EXPECT_EQ(sum, many_awaits);
}

Task<int> nest(int depth, Channel<int> ch) {
  if (depth == 0) {
    auto r = co_await ch.receive();
    co_return r.value_or(-1);
  }
  co_return 1 + co_await nest(depth - 1, ch);
}

TEST_F(TaskTest, ADeepChainReturns) {
  Channel<int> ch;
  int result = 0;
  start([](Context, Channel<int> c, int* out) -> Task<> { *out = co_await nest(deep, c); }, ch, &result);
  EXPECT_GT(loop.metrics()->sites()[0].frame_bytes.get(), static_cast<std::uint64_t>(deep) * 64);
  (void)ch.try_send(5);
  poll();
  EXPECT_EQ(result, deep + 5);
}

TEST(TaskAndLoop, ADeepChainIsDestroyedWithTheLoopWithoutRecursion) {
  expect_leaks();
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await nest(deep, c); }(ch));
  io.poll();
  EXPECT_EQ(live_tasks(loop), 1u);
}

// GCC 12 destroys some temporaries of full expressions with co_await twice. These forms must be safe.

Task<Counted> make_counted(Counted c) { co_return c; }
Task<Result<Counted>> make_result(Counted c) { co_return c; }
Task<> take(Counted c, Channel<Counted> out) { (void)co_await out.send(std::move(c)); }

TEST_F(TaskTest, ParametersAndResultsAreDestroyedOnce) {
  std::vector<int> seen;
  start(
      [](Context, std::vector<int>* out) -> Task<> {
        out->push_back((co_await make_counted(Counted(1))).value);
        const Counted kept = co_await make_counted(Counted(2));
        out->push_back(kept.value);
        auto r = co_await make_result(Counted(3));
        out->push_back(r->value);
        out->push_back((co_await make_result(Counted(4))).value().value);
      },
      &seen);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(TaskTest, SentValuesAreDestroyedOnce) {
  std::vector<int> seen;
  start(
      [](Context ctx, std::vector<int>* out) -> Task<> {
        Channel<Counted> ch;
        Channel<Counted> buffered(4);
        Scope s(ctx);
        s.go(take(Counted(1), ch));
        go(s.ctx(), take(Counted(2), ch));
        for (int i = 0; i < 2; ++i) out->push_back((co_await ch.receive())->value);
        (void)co_await buffered.send(Counted(3));
        (void)co_await buffered.send(ctx, Counted(4));
        (void)buffered.try_send(Counted(5));
        out->push_back((co_await buffered.receive(ctx))->value);
        auto r = co_await select(buffered.receive(), ch.send(Counted(6)), sleep(1h));
        out->push_back(std::get<0>(r)->value);
        auto d = co_await select(ch.send(Counted(7)), otherwise);
        out->push_back(static_cast<int>(d.index()));
        (void)co_await s.join();
      },
      &seen);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 1}));
}

TEST_F(TaskTest, SelectMovesMoveOnlyValues) {
  int seen = 0;
  start(
      [](Context, int* out) -> Task<> {
        Channel<std::unique_ptr<int>> a(1);
        Channel<std::unique_ptr<int>> b;
        (void)co_await a.send(std::make_unique<int>(7));
        auto r = co_await select(a.receive(), b.send(std::make_unique<int>(8)));
        const std::unique_ptr<int> value = std::get<0>(std::move(r)).value();
        *out = *value;
      },
      &seen);
  EXPECT_EQ(seen, 7);
}

TEST(TaskAndLoop, DestroysObjectsOfPendingWaitOnce) {
  expect_leaks();
  {
    asio::io_context io{1};
    Loop loop{io};
    go(loop.background(), []() -> Task<> {
      Channel<Counted> ch;
      const Counted local(1);
      (void)co_await ch.send(Counted(2));
    }());
    go(loop.background(), [](Context ctx) -> Task<> {
      Channel<Counted> ch;
      (void)co_await select(ch.send(Counted(3)), ch.receive(), ctx.done());
    }(loop.background()));
    io.poll();
    EXPECT_GE(Counted::alive, 3);
    loop.drain();
    io.restart();
    io.poll();  // the second ends; the first waits without a context
    EXPECT_EQ(live_tasks(loop), 1u);
    EXPECT_GE(Counted::alive, 2);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(TaskDeathTest, AMovedFromTaskAborts) {
  int ran = 0;
  Task<> task = touch(&ran);
  const Task<> other = std::move(task);
  EXPECT_DEATH((void)task.release(), "Task used after it was moved from");
}

TEST_F(TaskTest, CoReturnOfBracesIsSuccess) {
  bool succeeded = false;
  start(
      [](Context, bool* out) -> Task<> {
        auto task = []() -> Task<Result<>> { co_return {}; }();
        const Result<> result = co_await std::move(task);
        *out = result.has_value();
      },
      &succeeded);
  EXPECT_TRUE(succeeded);
}

#pragma GCC diagnostic push
#if defined(__clang__)
#  pragma GCC diagnostic ignored "-Wreturn-type"
#endif
Task<Result<int>> falls_off_its_end(bool early) {
  if (early) co_return 1;
}
#pragma GCC diagnostic pop

TEST(TaskDeathTest, MissingReturnValueAborts) {
  const auto run = [] {
    asio::io_context io{1};
    Loop loop{io};
    go(loop.background(), []() -> Task<> {
      const auto result = co_await falls_off_its_end(false);
      (void)result;
    }());
    io.run();
  };
  EXPECT_DEATH(run(),
               "a coroutine that returns a value ended without co_return .tests/leash/task/task_test.cpp");
}

}  // namespace
}  // namespace leash
