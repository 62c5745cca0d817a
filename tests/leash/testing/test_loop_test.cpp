// SPDX-License-Identifier: BSL-1.0
// The examples of Go's testing/synctest, and what is special here.
#include "leash/test_loop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <stdexcept>
#include <string>

#include "leash/after_func.hpp"
#include "leash/channel.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace leash::testing {
namespace {

using namespace std::chrono_literals;

// Go: TestTime
TEST(TestLoop, TimeGoesOnWhenAllTasksWait) {
  TestLoop test;
  const auto real = std::chrono::steady_clock::now();
  const TimePoint start = test.now();
  TimePoint woke{};
  const auto ended = test.run([&](Context ctx) -> Task<> {
    go(ctx, [&](Context own) -> Task<> {
      (void)co_await sleep(own, 1s);
      EXPECT_EQ(test.now() - start, 1s);
    });
    (void)co_await sleep(ctx, 24h);
    woke = test.now();
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(woke - start, 24h);
  EXPECT_LT(std::chrono::steady_clock::now() - real, 10s);
}

// Go: TestWait
TEST(TestLoop, SettledComesWhenTheOthersWait) {
  TestLoop test;
  const auto ended = test.run([&](Context ctx) -> Task<> {
    int steps = 0;
    go(ctx, [&steps](Context own) -> Task<> {
      Channel<int> ch(1);
      for (int i = 0; i < 1000; ++i) {
        (void)co_await ch.send(own, i);
        (void)co_await ch.receive(own);
        ++steps;
      }
      (void)co_await sleep(own, 1s);
      ++steps;
    });
    const TimePoint before = test.now();
    co_await test.settled();
    EXPECT_EQ(steps, 1000);
    EXPECT_EQ(test.now(), before) << "time stands still";
    (void)co_await sleep(ctx, 1s);
    co_await test.settled();
    EXPECT_EQ(steps, 1001);
  });
  EXPECT_TRUE(ended);
}

// Go: TestContextAfterFunc
TEST(TestLoop, AFunctionRunsAfterTheCancelAndNotBefore) {
  TestLoop test;
  const auto ended = test.run([&](Context parent) -> Task<> {
    auto [ctx, cancel] = with_cancel(parent);
    bool called = false;
    auto stop = after_func(ctx, [&called] { called = true; });
    co_await test.settled();
    EXPECT_FALSE(called);
    cancel();
    co_await test.settled();
    EXPECT_TRUE(called);
  });
  EXPECT_TRUE(ended);
}

// Go: TestContextWithTimeout
TEST(TestLoop, ATimeoutPassesAtItsInstantAndNotBefore) {
  TestLoop test;
  const auto ended = test.run([&](Context parent) -> Task<> {
    auto [ctx, cancel] = with_timeout(parent, 5s);
    (void)co_await sleep(parent, 5s - 1ns);
    co_await test.settled();
    EXPECT_FALSE(ctx.err());
    (void)co_await sleep(parent, 1ns);
    co_await test.settled();
    EXPECT_EQ(ctx.err(), errc::deadline_exceeded);
  });
  EXPECT_TRUE(ended);
}

// Go: TestHTTPTransport100Continue, in small: both ends of a connection in one test.
TEST(TestLoop, AConnectionOfTheRealWorldIsWaitedFor) {
  using Stream = asio::local::stream_protocol::socket;
  TestLoop test;
  Stream client(test.io());
  Stream server(test.io());
  asio::local::connect_pair(client, server);
  std::string got(5, ' ');
  const auto ended = test.run([&](Context parent) -> Task<> {
    auto [ctx, cancel] = with_timeout(parent, 1h);
    go(ctx, [&server](Context own) -> Task<> {
      (void)co_await sleep(own, 59min);
      (void)co_await asio::async_write(server, asio::buffer("hello", 5), via(own));
    });
    const auto read = co_await asio::async_read(client, asio::buffer(got), via(ctx));
    EXPECT_TRUE(read) << read.error().message();
    co_await test.settled();
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(got, "hello");
}

// Go: a bubble that is deadlocked panics.
TEST(TestLoop, ReportsUnwakeableTasksAsDeadlock) {
  TestLoop test;
  Channel<int> ch;
  const auto ended = test.run([ch](Context ctx) -> Task<> { (void)co_await ch.receive(ctx); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), errc::deadlock);
  ch.close();
  EXPECT_TRUE(test.run()) << "it goes on";
}

TEST(TestLoop, ReportsDeadlockOfOwnedTaskWithReaper) {
  LoopOptions options;
  options.reap_after = 1h;  // only leaked tasks are reaped
  TestLoop test(std::move(options));
  Channel<int> ch;
  const auto ended = test.run([ch](Context ctx) -> Task<> { (void)co_await ch.receive(ctx); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), errc::deadlock);
  ch.close();
  EXPECT_TRUE(test.run());
}

TEST(TestLoop, WaitsForTheReaper) {
  LoopOptions options;
  options.reap_after = 1h;
  TestLoop test(std::move(options));
  const TimePoint start = test.now();
  Channel<int> ch;
  const auto ended = test.run([ch](Context ctx) -> Task<> {
    auto [owner, cancel] = with_cancel(ctx);
    go(owner, [ch]() -> Task<> { (void)co_await ch.receive(); });
    co_return;
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(test.now() - start, 1h);
}

TEST(TestLoop, ATimerOfTheRealWorldIsWaitedForBeforeTimeGoesOn) {
  TestLoop test;
  asio::steady_timer real(test.io(), 1ms);
  const auto ended = test.run([&](Context ctx) -> Task<> {
    auto [limited, cancel] = with_timeout(ctx, 1h);
    EXPECT_TRUE(co_await real.async_wait(via(limited)));
  });
  EXPECT_TRUE(ended);
}

TEST(TestLoop, PassesExceptionToFunctionOfCaller) {
  int caught = 0;
  LoopOptions options;
  options.on_exception = [&caught](std::exception_ptr, const TaskInfo*) { ++caught; };
  TestLoop test(std::move(options));
  const auto ended = test.run([]() -> Task<> {
    throw std::runtime_error("left a task");
    co_return;
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(caught, 1);
}

TEST(TestLoop, RethrowsExceptionLeavingTask) {
  TestLoop test;
  EXPECT_THROW((void)test.run([]() -> Task<> {
    throw std::runtime_error("left a task");
    co_return;
  }),
               std::runtime_error);
}

TEST(TestLoop, TimersOfSeveralTasksFireInTheirOrder) {
  TestLoop test;
  std::string order;
  const auto ended = test.run([&order](Context ctx) -> Task<> {
    for (const int after : {3, 1, 2}) {
      go(ctx, [&order, after](Context own) -> Task<> {
        (void)co_await sleep(own, std::chrono::hours(after));
        order += std::to_string(after);
      });
    }
    co_return;
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(order, "123");
}

}  // namespace
}  // namespace leash::testing
