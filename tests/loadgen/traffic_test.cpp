// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "tests/support/client_bench.hpp"
#include "units/duration.hpp"

namespace {

using loadgen::Plan;
using loadgen::RunResult;
using loadgen::Traffic;
using support::StubReply;
using support::StubRequest;
using support::text;
using support::Then;

using Errors = std::map<std::error_code, std::int64_t>;

StubReply hello(const StubRequest&) { return text("hello"); }

StubReply and_then(StubReply reply, Then then) {
  reply.then = then;
  return reply;
}

using Prepare = std::function<void(Plan&)>;
using Judge = std::function<void(const Traffic&, const support::StubHttpServer&)>;

// Sends what the plan says to a stub server, and lets the test look at what came of it.
void load(support::StubHttpServer::Answer answer, const Prepare& prepare, const Judge& judge) {
  Bench::run(std::move(answer), [&](Bench& b) -> leash::Task<> {
    Plan plan(b.server.url("/demo"));
    plan.warmup = {};
    prepare(plan);
    Traffic traffic(b.loop, plan);
    co_await traffic.run(b.ctx, b.ctx);
    judge(traffic, b.server);
  });
}

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

TEST(Traffic, SendsItsTimeoutToServer) {
  load(
      hello,
      [](Plan& plan) {
        plan.requests = 1;
        plan.timeout = 1500ms;
      },
      [](const Traffic&, const support::StubHttpServer& server) {
        EXPECT_EQ(server.requests().at(0).headers.find("X-Request-Timeout-Ms"), "1500");
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

TEST(Traffic, AnotherStatusThan2xxIsAnErrorWithALatency) {
  load([](const StubRequest&) { return text("no", 503); }, [](Plan& plan) { plan.requests = 7; },
       [](const Traffic& traffic, const support::StubHttpServer&) {
         EXPECT_EQ(traffic.counts().ok, 0);
         EXPECT_EQ(traffic.counts().errors, 7);
         EXPECT_EQ(traffic.counts().by_status.at("503"), 7);
         EXPECT_EQ(traffic.latency().count(), 7u);
       });
}

TEST(Traffic, CountsTimeoutAsErrorAndReplacesConnection) {
  load(
      [](const StubRequest& request) {
        return request.connection == 1 ? and_then(StubReply(), Then::hang) : text("hello");
      },
      [](Plan& plan) {
        plan.connections = 1;
        plan.requests = 3;
        plan.timeout = 50ms;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().errors, 1);
        EXPECT_EQ(traffic.counts().ok, 2);
        EXPECT_EQ(traffic.errors(), (Errors{{leash::make_error_code(leash::errc::deadline_exceeded), 1}}));
        EXPECT_EQ(server.connections(), 2);
        EXPECT_EQ(traffic.latency().count(), 3u) << "one that timed out has the time until then";
        EXPECT_GE(traffic.latency().max(), 50ms);
        RunResult result;
        traffic.write_to(result);
        EXPECT_EQ(result.ok_latency.count(), 2u);
        EXPECT_LT(result.ok_latency.max(), 50ms);
        EXPECT_EQ(result.service.count(), 2u);
      });
}

TEST(Traffic, IgnoresBytesBeforeRequest) {
  load(
      [](const StubRequest& request) {
        StubReply reply = text("hello");
        if (request.on_connection > 1) return reply;
        reply.more = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        reply.pause = 20ms;  // after the answer, and before the next request
        return reply;
      },
      [](Plan& plan) {
        plan.rate = 10;
        plan.requests = 3;
        plan.connections = 1;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().by_status, (std::map<std::string, std::int64_t>{{"200", 3}}));
        EXPECT_EQ(server.connections(), 3);
      });
}

TEST(Traffic, ReplacesConnectionThatIsResetWithResponse) {
  load([](const StubRequest&) { return and_then(text("hello"), Then::reset); },
       [](Plan& plan) {
         plan.rate = 100;
         plan.requests = 5;
         plan.connections = 1;
       },
       [](const Traffic& traffic, const support::StubHttpServer& server) {
         EXPECT_EQ(traffic.counts().ok, 5);
         EXPECT_EQ(traffic.counts().refused, 0);
         EXPECT_EQ(traffic.sent_in_all(), 5);
         EXPECT_EQ(server.connections(), 5);
       });
}

TEST(Traffic, AResponseOfAnySizeIsTaken) {
  load(
      [](const StubRequest&) {
        StubReply reply;
        reply.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n";
        reply.more = std::string(1024 * 1024, 'x');
        reply.times = 3;
        return reply;
      },
      [](Plan& plan) {
        plan.requests = 2;
        plan.connections = 1;
      },
      [](const Traffic& traffic, const support::StubHttpServer&) {
        EXPECT_EQ(traffic.counts().ok, 2);
        EXPECT_GT(traffic.counts().bytes_received, 2 * 3'145'728);
      });
}

TEST(Traffic, WithoutKeepAliveEachRequestHasAConnection) {
  load(
      hello,
      [](Plan& plan) {
        plan.requests = 5;
        plan.connections = 2;
        plan.keep_alive = false;
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().ok, 5);
        EXPECT_EQ(server.connections(), 5);
        EXPECT_EQ(server.requests().at(0).headers.find("Connection"), "close");
      });
}

TEST(Traffic, MessagesAreSentInTurn) {
  load(
      hello,
      [](Plan& plan) {
        plan.requests = 4;
        plan.connections = 1;
        plan.messages.resize(2);
        plan.messages[0].target = "/a";
        plan.messages[0].host = "example.org";
        plan.messages[1].method = "POST";
        plan.messages[1].target = "/b";
        plan.messages[1].host = "example.org";
        plan.messages[1].body = "x=1";
      },
      [](const Traffic& traffic, const support::StubHttpServer& server) {
        EXPECT_EQ(traffic.counts().ok, 4);
        ASSERT_EQ(server.requests().size(), 4u);
        EXPECT_EQ(server.requests()[0].target, "/a");
        EXPECT_EQ(server.requests()[0].headers.find("User-Agent"), "leash-load");
        EXPECT_EQ(server.requests()[1].method, "POST");
        EXPECT_EQ(server.requests()[1].body, "x=1");
        EXPECT_EQ(server.requests()[2].target, "/a");
      });
}

TEST(Traffic, ResendsRefusedRequestOnce) {
  load(
      [](const StubRequest& request) {
        return request.on_connection == 2 ? and_then(StubReply(), Then::reset) : text("hello");
      },
      [](Plan& plan) {
        plan.connections = 1;
        plan.requests = 4;
      },
      [](const Traffic& traffic, const support::StubHttpServer&) {
        EXPECT_EQ(traffic.counts().sent, 4);
        EXPECT_EQ(traffic.counts().ok, 4);
        EXPECT_EQ(traffic.counts().refused, 3) << "the second request of each connection but the last";
        EXPECT_EQ(traffic.sent_in_all(), 7);
      });
}

TEST(Traffic, CountsTwiceRefusedRequestAsError) {
  load([](const StubRequest&) { return and_then(StubReply(), Then::reset); },
       [](Plan& plan) {
         plan.connections = 1;
         plan.requests = 2;
       },
       [](const Traffic& traffic, const support::StubHttpServer&) {
         EXPECT_EQ(traffic.counts().sent, 2);
         EXPECT_EQ(traffic.counts().errors, 2);
         EXPECT_EQ(traffic.counts().refused, 4);
       });
}

TEST(Traffic, CountsDepartedClientAsAbortedNotAsError) {
  load([](const StubRequest&) { return and_then(StubReply(), Then::hang); },
       [](Plan& plan) {
         plan.connections = 2;
         plan.requests = 20;
         plan.abort_share = 1;
       },
       [](const Traffic& traffic, const support::StubHttpServer& server) {
         EXPECT_EQ(traffic.counts().aborted, 20);
         EXPECT_EQ(traffic.counts().errors, 0);
         EXPECT_EQ(traffic.counts().ok, 0);
         EXPECT_TRUE(traffic.errors().empty());
         EXPECT_EQ(server.connections(), 20);
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

// The clock stands still but for what the test moves it. Sockets take their own time: real time is waited for them,
// and that changes nothing.
struct StillTime {
  asio::io_context io{1};
  leash::ManualClock clock;
  leash::Loop loop{io, options()};
  support::StubHttpServer server;
  Plan plan;
  std::optional<Traffic> traffic;

  explicit StillTime(support::StubHttpServer::Answer answer)
      : server(loop, std::move(answer)), plan(server.url("/")) {
    plan.warmup = {};
  }

  leash::LoopOptions options() {
    leash::LoopOptions chosen;
    chosen.clock = &clock;
    chosen.timer_grid = leash::Duration(1);
    return chosen;
  }

  void start() {
    traffic.emplace(loop, plan);
    leash::go(loop.background(), run(*this), "test");
  }

  static leash::Task<> run(StillTime& test) {
    const leash::Context ctx = test.loop.background();
    leash::Scope scope(ctx);
    scope.go(test.server.run(scope.ctx()), "stub server");
    co_await test.traffic->run(ctx, ctx);
    scope.cancel();
    (void)co_await scope.join();
  }

  // How many requests have arrived, once it is as many as that and no more are coming.
  std::size_t arrived(std::size_t count) {
    for (int i = 0; i < 500 && server.requests().size() < count; ++i) io.run_one_for(10ms);
    io.poll();
    return server.requests().size();
  }

  void finish() {
    for (int i = 0; i < 500 && leash::live_tasks(loop) > 0; ++i) io.run_one_for(10ms);
  }
};

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

TEST(Traffic, BatchesRequestsDueCloselyAndTimesThemFromSending) {
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

TEST(Traffic, ABatchHasAtMostSixteenRequests) {
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

TEST(Traffic, ABatchHasAtMostARequestPerConnection) {
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

TEST(Traffic, PollingSendsEachRequestAtItsOwnTime) {
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
