// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/pacer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <asio/buffer.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "http/transport/socket.hpp"
#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/via.hpp"
#include "tests/support/connected.hpp"
#include "tests/support/traffic_bench.hpp"

namespace {

using support::hello;
using support::StillTime;
using support::StubReply;
using support::StubRequest;
using support::text;

TEST(Pacer, BatchesRequestsDueCloselyAndTimesThemFromSending) {
  StillTime test([](const StubRequest&) {
    StubReply reply = text("hello");
    reply.after = 1ms;
    return reply;
  });
  test.plan.rate = 10'000;
  test.plan.requests = 12;
  test.start();
  EXPECT_EQ(test.arrived(6), 6u) << "due at 0 to 500 us";
  test.clock.advance(599us);
  EXPECT_EQ(test.arrived(6), 6u);
  test.clock.advance(1us);
  EXPECT_EQ(test.arrived(12), 12u);
  const auto answered = [&](std::int64_t count) {
    for (int i = 0; i < 500 && test.traffic->responses_in_all() < count; ++i) test.io.run_one_for(10ms);
    return test.traffic->responses_in_all();
  };
  test.clock.advance(400us);
  EXPECT_EQ(answered(6), 6);
  test.clock.advance(600us);
  EXPECT_EQ(answered(12), 12);
  test.clock.advance(10ms);
  test.finish();
  EXPECT_EQ(test.traffic->latency().min(), 1ms);
  EXPECT_EQ(test.traffic->latency().max(), 1ms);
}

TEST(Pacer, ABatchHasAtMostSixteenRequests) {
  StillTime test(hello);
  test.plan.connections = 20;
  test.plan.rate = 100'000;
  test.plan.requests = 20;
  test.start();
  EXPECT_EQ(test.arrived(16), 16u) << "due at 0 to 150 us";
  test.clock.advance(160us);
  EXPECT_EQ(test.arrived(20), 20u);
  test.finish();
}

TEST(Pacer, ABatchHasAtMostARequestPerConnection) {
  StillTime test(hello);
  test.plan.rate = 100'000;
  test.plan.requests = 2;
  test.plan.connections = 1;
  test.start();
  EXPECT_EQ(test.arrived(1), 1u);
  test.clock.advance(10us);
  EXPECT_EQ(test.arrived(2), 2u);
  test.clock.advance(1ms);
  test.finish();
  EXPECT_EQ(test.traffic->own().waited, 0);
}

TEST(Pacer, PollingSendsEachRequestAtItsOwnTime) {
  StillTime test(hello);
  test.plan.rate = 10'000;
  test.plan.requests = 6;
  test.plan.spin = true;
  test.start();
  // Polling is work for the loop at all times, so a wait for what must not come is a number of turns.
  const auto arrived = [&](std::size_t count) {
    for (int i = 0; i < 100'000 && test.server.requests().size() < count; ++i) test.io.poll_one();
    for (int i = 0; i < 100; ++i) test.io.poll_one();
    return test.server.requests().size();
  };
  ASSERT_EQ(arrived(1), 1u);
  for (std::size_t sent = 1; sent < 6; ++sent) {
    test.clock.advance(99'999ns);
    ASSERT_EQ(arrived(sent), sent) << "a nanosecond early";
    test.clock.advance(1ns);
    ASSERT_EQ(arrived(sent + 1), sent + 1);
  }
  test.clock.advance(1ms);
  test.finish();
  EXPECT_EQ(test.traffic->counts().ok, 6);
  EXPECT_FALSE(test.traffic->own().processor_share) << "it would not tell how busy the load generator was";
}

// A connection that is given a request while the pacer waits, and whose response arrives while the thread sleeps. The
// clock moves only then.
struct Asleep {
  explicit Asleep(bool late) : may_read_late(late) {
    now = this;
    socket.assign(asio::generic::stream_protocol(AF_INET, 0), std::exchange(ends.accepted, -1));
    leash::go(loop.background(), connection(*this), "connection");
    leash::go(loop.background(), pace(*this), "pace");
    for (int i = 0; i < 500 && !done; ++i) io.run_one_for(10ms);
    io.restart();
    request.close();
    (void)::send(ends.client, "x", 1, 0);
    for (int i = 0; i < 500 && leash::live_tasks(loop) > 0; ++i) io.run_one_for(10ms);
  }

  static leash::LoopOptions options(leash::Clock& clock) {
    leash::LoopOptions chosen;
    chosen.clock = &clock;
    chosen.timer_grid = leash::Duration(1);
    return chosen;
  }
  static void sleep(leash::Duration time) {
    now->slept.push_back(time);
    now->steps += "asleep ";
    EXPECT_EQ(::send(now->ends.client, "x", 1, 0), 1);
    now->clock.advance(time);
  }
  static leash::Task<> connection(Asleep& test) {
    char byte = 0;
    const leash::Context ctx = test.loop.background();
    while (co_await test.request.receive(ctx)) {
      test.steps += "request ";
      const auto n = co_await test.socket.async_read_some(asio::buffer(&byte, 1), leash::via(ctx));
      if (n) test.steps += "response ";
    }
  }
  static leash::Task<> pace(Asleep& test) {
    loadgen::Plan plan(http::Url{});
    loadgen::Pacer pacer(test.loop, plan, sleep);
    const leash::Context ctx = test.loop.background();
    const leash::TimePoint start = test.loop.now();
    auto waited = co_await pacer.wait(ctx, start, test.may_read_late);
    EXPECT_TRUE(waited);
    const bool joins = pacer.joins(start + 400us);
    EXPECT_TRUE(joins);
    (void)test.request.try_send(1);
    if (!test.may_read_late) test.clock.advance(800us);
    waited = co_await pacer.wait(ctx, start + 800us, test.may_read_late);
    EXPECT_TRUE(waited);
    test.steps += "next";
    test.done = true;
  }

  static inline Asleep* now = nullptr;
  const bool may_read_late;
  asio::io_context io{1};
  leash::ManualClock clock;
  leash::Loop loop{io, options(clock)};
  support::Connected ends;
  http::Socket socket{io.get_executor()};
  leash::Channel<int> request;
  std::vector<leash::Duration> slept;
  std::string steps;
  bool done = false;
};

TEST(Pacer, SleepsAfterSendingAndReadsResponsesBeforeTheNextRequest) {
  const Asleep test(true);
  EXPECT_EQ(test.steps, "request asleep response next");
  EXPECT_EQ(test.slept, std::vector<leash::Duration>{800us});
}

TEST(Pacer, DoesNotSleepIfResponsesMustBeReadAtOnce) {
  const Asleep test(false);
  EXPECT_TRUE(test.slept.empty());
}

}  // namespace
