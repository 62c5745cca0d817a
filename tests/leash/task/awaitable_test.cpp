// SPDX-License-Identifier: BSL-1.0
#include "leash/awaitable.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "leash/channel.hpp"
#include "leash/reaper.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using testing::Counted;

asio::awaitable<int> seven() { co_return 7; }

asio::awaitable<void> wait_an_hour(const Counted held) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  co_await timer.async_wait(asio::use_awaitable);
  (void)held;
}

asio::awaitable<void> throw_one() {
  throw std::runtime_error("of a foreign coroutine");
  co_return;
}

asio::awaitable<void> throw_error() {
  throw std::system_error(std::make_error_code(std::errc::host_unreachable), "no way");
  co_return;
}

class AwaitableTest : public testing::LoopFixture {};

TEST_F(AwaitableTest, IsAwaitedForItsValue) {
  int seen = 0;
  start(
      [](Context ctx, int* out) -> Task<> {
        const auto value = co_await await(ctx, seven());
        *out = value.value_or(0);
      },
      &seen);
  EXPECT_TRUE(eventually([&] { return seen == 7; }));
}

TEST_F(AwaitableTest, AContextCancelsItAndItsErrorIsTheContexts) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context c, std::string* out) -> Task<> {
        const Counted held(1);
        const auto ended = co_await await(c, wait_an_hour(held));
        *out = ended ? "ended" : ended.error().message();
      },
      &text);
  const auto tasks = snapshot(loop);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].wait, WaitKind::asio);
  EXPECT_FALSE(tasks[0].uncancellable);
  EXPECT_EQ(tasks[0].frames.size(), 1u) << "what it awaits is not seen";
  cancel();
  EXPECT_TRUE(eventually([&] { return !text.empty(); }));
  EXPECT_EQ(text, "context canceled");
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(AwaitableTest, ASystemErrorIsAnErrorAndAnotherExceptionIsRethrown) {
  std::string text;
  start(
      [](Context ctx, std::string* out) -> Task<> {
        const auto failed = co_await await(ctx, throw_error());
        if (failed.error() == std::errc::host_unreachable) *out += "error, ";
        try {
          (void)co_await await(ctx, throw_one());
        } catch (const std::runtime_error& e) {
          *out += e.what();
        }
      },
      &text);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(text, "error, of a foreign coroutine");
}

TEST_F(AwaitableTest, IsStartedByGoAndItsExceptionIsNotLost) {
  expect_exceptions();
  go(root(), throw_one(), "foreign");
  EXPECT_TRUE(eventually([&] { return !exceptions.empty(); }));
  EXPECT_EQ(what(exceptions.at(0)), "of a foreign coroutine");
  EXPECT_EQ(exception_tasks.at(0), "foreign");
}

TEST_F(AwaitableTest, ScopeStartsAwaitableAndReceivesItsError) {
  std::string text;
  start(
      [](Context ctx, std::string* out) -> Task<> {
        Scope s(ctx);
        const Counted held(1);
        s.go(adopt(s.ctx(), wait_an_hour(held)), "sibling");
        s.go(adopt(s.ctx(), throw_error()), "failing");
        const auto joined = co_await s.join();
        *out = joined.error().message();
      },
      &text);
  EXPECT_TRUE(eventually([&] { return !text.empty(); }));
  EXPECT_EQ(text, std::make_error_code(std::errc::host_unreachable).message());
  EXPECT_EQ(Counted::alive, 0) << "the sibling was canceled";
}

TEST_F(AwaitableTest, AwaitTakesAnyExecutorOfTheLoop) {
  using Plain = asio::io_context::executor_type;
  const auto plain = []() -> asio::awaitable<std::unique_ptr<int>, Plain> {
    co_return std::make_unique<int>(8);
  };
  const auto on_strand = []() -> asio::awaitable<int, asio::strand<Plain>> { co_return 9; };
  const auto on_any_strand = []() -> asio::awaitable<int, asio::strand<asio::any_io_executor>> {
    co_return 10;
  };
  std::vector<int> values;
  start(
      [](Context ctx, auto one, auto two, auto three, std::vector<int>* out) -> Task<> {
        auto first = co_await await(ctx, one());
        out->push_back(**first);
        auto second = co_await adopt(ctx, two());
        out->push_back(*second);
        auto third = co_await await(ctx, three());
        out->push_back(*third);
      },
      plain, on_strand, on_any_strand, &values);
  EXPECT_TRUE(eventually([&] { return values.size() == 3; }));
  EXPECT_EQ(values, (std::vector{8, 9, 10}));
  go(root(), plain(), "its value is dropped");
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
}

TEST_F(AwaitableTest, GoKeepsFunctionReturningAwaitable) {
  const auto held = std::make_shared<int>(0);
  go(root(), [held](Context) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
    co_await timer.async_wait(asio::use_awaitable);
    ++*held;
  });
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(*held, 1);
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(AwaitableTest, ScopeReceivesErrorOfAwaitedResult) {
  std::string text;
  start(
      [](Context ctx, std::string* out) -> Task<> {
        Scope s(ctx);
        const Counted held(1);
        s.go(wait_an_hour(held), "sibling");
        const auto fails = []() -> asio::awaitable<Result<int>> {
          co_return std::unexpected(std::make_error_code(std::errc::host_unreachable));
        };
        s.go(fails, "failing");
        const auto joined = co_await s.join();
        *out = joined.error().message();
      },
      &text);
  EXPECT_TRUE(eventually([&] { return !text.empty(); }));
  EXPECT_EQ(text, std::make_error_code(std::errc::host_unreachable).message());
  EXPECT_EQ(Counted::alive, 0) << "the sibling was canceled";
}

TEST_F(AwaitableTest, SnapshotHasNoFrameOfTheLibrary) {
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, wait_an_hour(Counted(1)), "foreign");
  go(ctx, adopt(ctx, wait_an_hour(Counted(2))), "adopted");
  poll();
  ASSERT_EQ(snapshot(loop).size(), 2u);
  for (const TaskInfo& task : snapshot(loop)) {
    EXPECT_TRUE(task.frames.empty()) << to_text(task);
    EXPECT_NE(task.site.file.find("awaitable_test.cpp"), std::string::npos);
  }
  cancel();
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
}

TEST_F(AwaitableTest, LoopReceivesUnchangedExceptionAfterGo) {
  expect_exceptions();
  go(root(), throw_error(), "foreign");
  EXPECT_TRUE(eventually([&] { return !exceptions.empty(); }));
  EXPECT_EQ(what(exceptions.at(0)), what(std::make_exception_ptr(std::system_error(
                                        std::make_error_code(std::errc::host_unreachable), "no way"))));
  EXPECT_EQ(exception_tasks.at(0), "foreign");
}

TEST_F(AwaitableTest, OnlyUnrequestedAbortIsAnException) {
  expect_exceptions();
  const auto aborted = []() -> asio::awaitable<void> {
    throw detail::AsioSystemError(asio::error::operation_aborted);
    co_return;
  };
  go(root(), aborted(), "aborted");
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(exceptions.size(), 1u);
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, wait_an_hour(Counted(1)), "told to stop");
  poll();
  cancel();
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(exceptions.size(), 1u);
}

TEST_F(AwaitableTest, GoSkipsItAfterDeadlineWithoutException) {
  auto [ctx, cancel] = with_timeout(root(), 1ms);
  bool started = false;
  const auto note = [](bool* out) -> asio::awaitable<void> {
    *out = true;
    co_return;
  };
  go(ctx, note(&started), "late");
  clock.advance(5ms);  // the task's turn comes before that of the timers
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_FALSE(started);
  EXPECT_TRUE(exceptions.empty());
}

// Waits for an hour, and when it is canceled looks once more at what it was lent.
asio::awaitable<void> look_back(const Counted& lent, std::string* out) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  try {
    co_await timer.async_wait(asio::use_awaitable);
  } catch (const detail::AsioSystemError&) {
    *out += Counted::alive == 0 ? "gone" : std::to_string(lent.value);
  }
}

class ReapedAwaitableTest : public AwaitableTest {
 protected:
  // Its owner ends, and the grace passes.
  void leak(Cancel& owner) {
    owner();
    advance(1s);
  }
};

TEST_F(ReapedAwaitableTest, IsCanceledBySlotAndKeepsReferentsUntilItsEnd) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context, Context background, std::string* out) -> Task<> {
        const Counted held(7);
        (void)co_await await(background, look_back(held, out));
        *out += ", resumed";
      },
      root(), &text);
  leak(cancel);
  const Reaped reaped = reap(loop);
  EXPECT_EQ(reaped.ended, 0u);
  EXPECT_EQ(reaped.waiting, 1u);
  EXPECT_EQ(Counted::alive, 1);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(text, "7");
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ReapedAwaitableTest, KeepsObjectsLentToInnerTasksUntilTheirEnd) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context c, Context background, std::string* out) -> Task<> {
        const Counted held(7);
        const auto inner = [](Context b, const Counted* lent, std::string* text_out) -> Task<> {
          Scope s(b);
          s.go(adopt(b, look_back(*lent, text_out)), "innermost");
          Channel<int> ch;
          (void)co_await ch.receive();
        };
        Scope s(c);
        s.go(inner(background, &held, out), "inner");
        (void)co_await s.join();
        *out += ", resumed";
      },
      root(), &text);
  leak(cancel);
  EXPECT_EQ(live_tasks(loop), 3u);
  TaskFilter outer;
  outer.name = "test";
  const Reaped reaped = reap(loop, outer);
  EXPECT_EQ(reaped.ended, 0u);
  EXPECT_EQ(reaped.waiting, 1u);
  EXPECT_EQ(reap(loop, outer).waiting, 0u) << "told once";
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(text, "7");
}

TEST_F(ReapedAwaitableTest, DoesNotResumeTaskWokenWhileAwaitingReap) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  Channel<int> ch;
  start_under(
      ctx,
      [](Context c, Context background, Channel<int> wake, std::string* out) -> Task<> {
        const Counted held(7);
        Scope s(c);
        s.go(adopt(background, look_back(held, out)), "inner");
        (void)co_await wake.receive();
        *out += ", resumed";
      },
      root(), ch, &text);
  leak(cancel);
  TaskFilter outer;
  outer.name = "test";
  EXPECT_EQ(reap(loop, outer).waiting, 1u);
  ch.close();
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(text, "7");
}

TEST_F(AwaitableTest, UnjoinedScopeKeepsTaskFrameUntilAwaitableEnds) {
  std::string text;
  start(
      [](Context ctx, std::string* out) -> Task<> {
        Scope s(ctx);
        const auto inner = [](Context c, std::string* text_out) -> Task<> {
          const Counted held(7);
          (void)co_await await(c, look_back(held, text_out));
          *text_out += ", resumed";
        };
        s.go(inner(s.ctx(), out), "inner");
        (void)co_await sleep(1s);
      },
      &text);
  advance(1s);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  EXPECT_EQ(text, "7");
  EXPECT_EQ(Counted::alive, 0);
}

TEST(AwaitableAndLoop, LoopEndsWithAwaitableInFlight) {
  expect_leaks();
  {
    asio::io_context io{1};
    Loop loop{io};
    const Counted held(1);
    go(loop.background(), wait_an_hour(held));
    io.poll();
  }
  EXPECT_EQ(Counted::alive, 0);
}

Task<Result<int>> add_after(Context ctx, Duration time, int a, int b) {
  const auto slept = co_await sleep(ctx, time);
  if (!slept) co_return std::unexpected(slept.error());
  co_return a + b;
}
Task<Result<int>> add_slowly(Context ctx) { return add_after(std::move(ctx), 1h, 3, 4); }
Task<int> throw_from_task() {
  throw std::runtime_error("of a task");
  co_return 0;
}

TEST_F(AwaitableTest, AwaitsATaskAndItsExceptionArrives) {
  std::string text;
  const auto foreign = [](Context ctx, std::string* out) -> asio::awaitable<void> {
    const Result<int> sum = co_await as_awaitable(ctx, add_after(ctx, 0s, 3, 4));
    *out += std::to_string(sum.value_or(0));
    try {
      (void)co_await as_awaitable(ctx, throw_from_task());
    } catch (const std::runtime_error& e) {
      *out += e.what();
    }
  };
  asio::co_spawn(io, foreign(root(), &text), asio::detached);
  EXPECT_TRUE(eventually([&] { return text == "7of a task"; })) << text;
}

TEST_F(AwaitableTest, ACancelOfTheForeignCoroutineReachesTheTaskItAwaits) {
  std::string text;
  const auto foreign = [](Context ctx, std::string* out) -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    const Result<int> sum = co_await as_awaitable(ctx, add_slowly);
    *out = "sum";
    (void)sum;
  };
  asio::cancellation_signal signal;
  bool ended = false;
  asio::co_spawn(
      io, foreign(root(), &text),
      asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr&) { ended = true; }));
  poll();
  EXPECT_EQ(live_tasks(loop), 1u);
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_TRUE(eventually([&] { return ended && live_tasks(loop) == 0; }));
}

// What an asio::awaitable that waits for a task is told.
asio::awaitable<void> await_for_ever(Context ctx, std::string* out) {
  try {
    (void)co_await as_awaitable(ctx, [](Context) -> Task<int> {
      Channel<int> ch;
      (void)co_await ch.receive();
      co_return 1;
    });
    *out = "a value";
  } catch (const detail::AsioSystemError& e) {
    *out = e.code().message();
  }
}

TEST_F(AwaitableTest, AwaiterOfReapedTaskGetsError) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  asio::co_spawn(io, await_for_ever(ctx, &text), asio::detached);
  poll();
  cancel();
  advance(1s);
  EXPECT_EQ(reap(loop).ended, 1u);
  EXPECT_TRUE(eventually([&] { return !text.empty(); }));
  EXPECT_EQ(text, "context canceled");
}

TEST(AwaitableAndLoop, AwaiterOfTaskOfEndingLoopGetsError) {
  expect_leaks();
  std::string text;
  asio::io_context io{1};
  {
    Loop loop{io};
    asio::co_spawn(io, await_for_ever(loop.background(), &text), asio::detached);
    io.poll();
  }
  io.restart();
  io.poll();
  EXPECT_EQ(text, "context canceled");
}

TEST_F(AwaitableTest, DeliversExceptionThrownBeforeTaskExists) {
  std::string text;
  const auto foreign = [](Context ctx, std::string* out) -> asio::awaitable<void> {
    const auto make = [](Context) -> Task<> { throw std::runtime_error("not even made"); };
    try {
      co_await as_awaitable(ctx, make);
    } catch (const std::runtime_error& e) {
      *out = e.what();
    }
  };
  asio::co_spawn(io, foreign(root(), &text), asio::detached);
  EXPECT_TRUE(eventually([&] { return text == "not even made"; })) << text;
}

TEST_F(AwaitableTest, ViaPutsAnOperationInsideItUnderAContext) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  const auto foreign = [](Context c, std::string* out) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 0s);
    co_await timer.async_wait(via(c, asio::use_awaitable));
    *out += "fired, ";
    timer.expires_after(1h);
    try {
      co_await timer.async_wait(via(c, asio::use_awaitable));
    } catch (const detail::AsioSystemError& e) {
      *out += e.code().message();
    }
    try {
      co_await timer.async_wait(via(c, asio::use_awaitable));
    } catch (const detail::AsioSystemError& e) {
      *out += ", at once";
    }
  };
  asio::co_spawn(io, foreign(ctx, &text), asio::detached);
  EXPECT_TRUE(eventually([&] { return text == "fired, "; }));
  cancel();
  EXPECT_TRUE(eventually([&] { return text == "fired, context canceled, at once"; })) << text;
}

// An operation that counts how often it was started, and ends when it is canceled.
template <class... Values>
auto counted_operation(int& started, ViaAwaitable token) {
  return asio::async_initiate<ViaAwaitable, void(detail::AsioError, Values...)>(
      [](auto handler, int* count) {
        ++*count;
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        slot.assign([kept](asio::cancellation_type) {
          asio::post(asio::get_associated_executor(*kept), [kept] {
            asio::get_associated_cancellation_slot(*kept).clear();
            (*kept)(asio::error::operation_aborted, Values(7)...);
          });
        });
      },
      token, &started);
}

struct NoDefault {
  explicit NoDefault(int) {}
};

TEST_F(AwaitableTest, ViaUnderDoneContextSkipsOperationsWithDefault) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  int started = 0;
  std::string text;
  const auto foreign = [](Context c, int* count, std::string* out) -> asio::awaitable<void> {
    try {
      co_await counted_operation<int>(*count, via(c, asio::use_awaitable));
    } catch (const detail::AsioSystemError& e) {
      *out += e.code().message() + ", started " + std::to_string(*count) + " times; ";
    }
    try {
      co_await counted_operation<NoDefault>(*count, via(c, asio::use_awaitable));
    } catch (const detail::AsioSystemError& e) {
      *out += e.code().message() + ", started " + std::to_string(*count) + " times";
    }
  };
  asio::co_spawn(io, foreign(ctx, &started, &text), asio::detached);
  poll();
  EXPECT_EQ(text, "context canceled, started 0 times; context canceled, started 1 times");
}

TEST_F(AwaitableTest, ViaAcceptsOperationsWithExceptionOrNoError) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  const auto foreign = [](Context c, std::string* out) -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, via(c, asio::use_awaitable));
    *out += std::to_string(co_await asio::co_spawn(executor, seven(), via(c, asio::use_awaitable)));
    try {
      const Counted held(1);
      auto hour = wait_an_hour(held);
      co_await asio::co_spawn(executor, std::move(hour), via(c, asio::use_awaitable));
    } catch (const detail::AsioSystemError& e) {
      *out += ", " + e.code().message();
    }
  };
  asio::co_spawn(io, foreign(ctx, &text), asio::detached);
  EXPECT_TRUE(eventually([&] { return text == "7"; }));
  cancel();
  EXPECT_TRUE(eventually([&] { return text == "7, context canceled"; })) << text;
}

}  // namespace
}  // namespace leash
