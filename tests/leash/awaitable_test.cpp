#include "leash/awaitable.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <stdexcept>
#include <string>

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
  throw std::system_error(std::make_error_code(std::errc::host_unreachable));
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

TEST_F(AwaitableTest, IsStartedByAScopeWhichIsToldOfItsError) {
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
  EXPECT_EQ(Counted::alive, 0) << "the sibling was cancelled";
}

TEST_F(AwaitableTest, TheReaperCancelsItThroughItsSlot) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx,
      [](Context, Context background) -> Task<> {
        const Counted held(1);
        (void)co_await await(background, wait_an_hour(held));
      },
      root());
  cancel();
  advance(1s);
  EXPECT_EQ(reap(loop).ended, 1u);
  EXPECT_TRUE(eventually([&] { return Counted::alive == 0; }));
}

TEST(AwaitableAndLoop, ALoopIsDestroyedWithOneInFlight) {
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
    } catch (const std::system_error& e) {
      *out += e.code().message();
    }
    try {
      co_await timer.async_wait(via(c, asio::use_awaitable));
    } catch (const std::system_error& e) {
      *out += ", at once";
    }
  };
  asio::co_spawn(io, foreign(ctx, &text), asio::detached);
  EXPECT_TRUE(eventually([&] { return text == "fired, "; }));
  cancel();
  EXPECT_TRUE(eventually([&] { return text == "fired, context canceled, at once"; })) << text;
}

}  // namespace
}  // namespace leash
