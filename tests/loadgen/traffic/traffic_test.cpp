// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/traffic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "leash/scope.hpp"
#include "tests/support/traffic_bench.hpp"
#include "units/duration.hpp"

namespace {

using loadgen::Plan;
using loadgen::Traffic;
using support::hello;
using support::load;
using support::StillTime;
using support::StubReply;
using support::StubRequest;
using support::text;

TEST(Traffic, AnOpenLoopSendsEachRequestOfItsPlan) {
  load(
      hello,
      [](Plan& plan) {
        plan.rate = 2000;
        plan.requests = 100;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().sent, 100);
        EXPECT_EQ(traffic.counts().ok, 100);
        EXPECT_EQ(traffic.counts().errors, 0);
        EXPECT_EQ(traffic.counts().by_status.at("200"), 100);
        EXPECT_EQ(traffic.latency().count(), 100u);
        EXPECT_EQ(traffic.in_line(), 0);
        EXPECT_EQ(server.requests().size(), 100u);
        EXPECT_EQ(server.requests()[0].target, "/demo");
      });
}

TEST(Traffic, ClosedLoopUsesExactlyItsConnections) {
  load(
      hello,
      [](Plan& plan) {
        plan.connections = 4;
        plan.requests = 101;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().sent, 101);
        EXPECT_EQ(traffic.counts().ok, 101);
        EXPECT_EQ(server.requests().size(), 101u);
        EXPECT_EQ(server.connections(), 4);
      });
}

TEST(Traffic, LatencyCountsFromWhenARequestWasDue) {
  // One connection, and an answer that takes as long as ten requests are apart: each next one is late by more.
  load(
      [](const StubRequest& request) {
        StubReply reply = text("late");
        if (request.on_connection == 1) reply.after = 100ms;
        return reply;
      },
      [](Plan& plan) {
        plan.rate = 100;
        plan.requests = 5;
        plan.connections = 1;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(server.requests().size(), 5u);
        EXPECT_EQ(traffic.counts().ok, 5);
        EXPECT_GE(traffic.latency().min(), 59ms) << "the fifth was due 40 ms after the first, and waited";
      });
}

TEST(Traffic, TheWarmupIsSentAndNotCounted) {
  load(
      hello,
      [](Plan& plan) {
        plan.rate = 500;
        plan.warmup = 40ms;
        plan.requests = 10;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().sent, 10);
        EXPECT_EQ(traffic.latency().count(), 10u);
        EXPECT_EQ(server.requests().size(), 30u);
        EXPECT_EQ(traffic.sent_in_all(), 30);
      });
}

TEST(Traffic, SaysWhenTheRateWasNotReached) {
  load(
      [](const StubRequest&) {
        StubReply reply = text("slow");
        reply.after = 20ms;
        return reply;
      },
      [](Plan& plan) {
        plan.rate = 1000;
        plan.connections = 1;
        plan.duration = 200ms;
      },
      [](const Traffic& traffic, const support::StubHttpServer&) {
        EXPECT_LT(traffic.rate_reached(), 100);
        EXPECT_GT(traffic.unsent(), 100);
        EXPECT_GT(traffic.own().waited, 100);
        EXPECT_GE(traffic.latency().count(), static_cast<std::uint64_t>(traffic.unsent()))
            << "those in line have waited, too";
        EXPECT_GT(traffic.latency().at_quantile(0.5), 50ms) << "and so nothing hides them";
        EXPECT_EQ(traffic.in_line(), 0) << "it is over";
        EXPECT_EQ(traffic.now().connections, 0);
        EXPECT_EQ(traffic.now().rate_asked, 0.0);
      });
}

TEST(Traffic, StopsWhenToldAndFinishesRequestsInFlight) {
  Bench::run(
      [](const StubRequest&) {
        StubReply reply = text("hello");
        reply.after = 20ms;
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        Plan plan(b.server.url("/demo"));
        plan.connections = 3;
        const auto sending = leash::with_timeout(b.ctx, 50ms);
        Traffic traffic(b.loop, plan);
        co_await traffic.run(b.ctx, sending.ctx);
        EXPECT_GT(traffic.sent_in_all(), 0);
        EXPECT_EQ(traffic.sent_in_all(), static_cast<std::int64_t>(b.server.requests().size()));
        EXPECT_EQ(traffic.interval().ok, traffic.sent_in_all());
      });
}

TEST(Traffic, ClosedPortIsErrorWithoutSpin) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    http::Url nowhere = b.server.url("/");
    nowhere.host = "127.0.0.2";  // the stub listens on 127.0.0.1 only
    Plan plan(nowhere);
    plan.warmup = {};
    plan.connections = 1;
    plan.duration = 100ms;
    Traffic traffic(b.loop, plan);
    co_await traffic.run(b.ctx, b.ctx);
    EXPECT_GT(traffic.counts().errors, 0);
    EXPECT_LE(traffic.counts().errors, 12) << "ten a second and connection at most, and the first";
    EXPECT_EQ(traffic.errors().size(), 1u);
    for (const auto& [error, count] : traffic.errors()) {
      EXPECT_EQ(error, std::errc::connection_refused);
      EXPECT_EQ(count, traffic.counts().errors);
    }
  });
}

TEST(Traffic, FollowsItsScheduleToTheNanosecond) {
  StillTime test(hello);
  test.plan.stages = {{100ms, 50, 50}, {200ms, 50, 150}, {50ms, 0, 0}, {100ms, 30, 30}};
  test.plan.duration = 450ms;
  test.plan.warmup = 40ms;
  test.start();
  const loadgen::Schedule schedule = test.plan.schedule();
  leash::Duration now{};
  std::size_t sent = 0;
  for (auto due = schedule.due(0); due; due = schedule.due(sent)) {
    if (*due > now) {
      test.clock.advance(*due - now - leash::Duration(1));
      ASSERT_EQ(test.arrived(sent), sent) << "a nanosecond early";
      test.clock.advance(leash::Duration(1));
    }
    now = *due;
    ASSERT_EQ(test.arrived(sent + 1), sent + 1);
    ++sent;
  }
  EXPECT_EQ(sent, 2u + 5 + 20 + 3) << "40 ms of warm-up, and three stages";
  test.clock.advance(490ms - now);
  test.finish();
  EXPECT_EQ(test.traffic->counts().sent, 28);
  EXPECT_EQ(test.traffic->counts().ok, 28);
  EXPECT_EQ(test.traffic->elapsed(), 450ms);
  EXPECT_NEAR(*test.traffic->rate_asked(), 28 / 0.45, 1e-9);
}

// How long the server takes for request `number`, which arrives at `at`: it does nothing from 3 s to 5 s, and never
// answers one request of a thousand.
leash::Duration time_taken(int number, leash::Duration at) {
  const int part = number * 7 % 1000;
  const leash::Duration work = part < 900 ? 5ms : part < 990 ? 50ms : part < 999 ? 400ms : 1h;
  const leash::Duration stalled = at >= 3s && at < 5s ? 5s - at : 0s;
  return stalled + work;
}

TEST(Traffic, MeasuresKnownLatenciesWithTimeouts) {
  leash::Duration at{};
  std::vector<leash::Duration> ends;  // of each request that has arrived, in the order of their arrival
  StillTime test([&](const StubRequest&) {
    StubReply reply = text("known");
    reply.after = time_taken(static_cast<int>(ends.size()), at);
    ends.push_back(at + std::min<leash::Duration>(reply.after, 1s));
    return reply;
  });
  test.plan.rate = 100;
  test.plan.requests = 1000;
  test.plan.connections = 400;  // no request waits for a connection
  test.plan.timeout = 1s;
  test.start();
  std::size_t due = 1;
  while (leash::live_tasks(test.loop) > 0) {
    if (at % 10ms == 0s && due <= 1000) {
      ASSERT_EQ(test.arrived(due), due);
      ++due;
    }
    const auto open = std::ranges::count_if(ends, [&](leash::Duration end) { return end > at; });
    for (int i = 0; i < 500 && test.traffic->now().in_flight != open; ++i) test.io.run_one_for(10ms);
    ASSERT_EQ(test.traffic->now().in_flight, open) << at.count();
    ASSERT_LT(at, 30s);
    test.clock.advance(1ms);
    at += 1ms;
    test.io.poll();
  }

  std::vector<leash::Duration> exact;
  for (int i = 0; i < 1000; ++i) exact.push_back(std::min<leash::Duration>(time_taken(i, i * 10ms), 1s));
  std::ranges::sort(exact);
  const auto timed_out = std::ranges::count(exact, leash::Duration(1s));
  EXPECT_GT(timed_out, 100) << "the server did nothing for two seconds";
  EXPECT_EQ(test.traffic->counts().errors, timed_out);
  EXPECT_EQ(test.traffic->counts().ok, 1000 - timed_out);
  for (const double quantile : {0.01, 0.1, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 1000));
    const auto known = units::to_seconds(exact[rank - 1]);
    EXPECT_NEAR(units::to_seconds(test.traffic->latency().at_quantile(quantile)), known, known / 1000)
        << quantile;
  }
}

}  // namespace
