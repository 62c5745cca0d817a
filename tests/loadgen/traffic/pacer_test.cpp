// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/pacer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

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

}  // namespace
