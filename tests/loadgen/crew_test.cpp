// SPDX-License-Identifier: BSL-1.0
#include "loadgen/crew.hpp"

#include <gtest/gtest.h>

#include "tests/support/client_bench.hpp"

namespace {

using loadgen::Crew;
using loadgen::Plan;
using loadgen::RunResult;
using support::StubRequest;
using support::text;

support::StubReply say_hello(const StubRequest&) { return text("hello"); }

TEST(Crew, ThreadsShareThePlan) {
  Bench::run(say_hello, [](Bench& b) -> leash::Task<> {
    Plan plan(b.server.url("/demo"));
    plan.warmup = {};
    plan.threads = 3;
    plan.connections = 7;
    plan.requests = 50;
    Crew crew(b.loop, plan);
    co_await crew.run(b.ctx, b.ctx);
    RunResult result;
    crew.write_to(result);
    EXPECT_EQ(result.requests.sent, 50);
    EXPECT_EQ(result.requests.ok, 50);
    EXPECT_EQ(result.latency.count(), 50u);
    EXPECT_EQ(result.evidence.responses, 50);
    EXPECT_EQ(b.server.requests().size(), 50u);
    EXPECT_EQ(b.server.connections(), 7);
    EXPECT_EQ(crew.take_interval().ok, 50);
    EXPECT_EQ(crew.take_interval().ok, 0) << "it was taken";
    EXPECT_EQ(crew.now().connections, 0);
  });
}

TEST(Crew, RateCoversAllThreads) {
  Bench::run(say_hello, [](Bench& b) -> leash::Task<> {
    Plan plan(b.server.url("/demo"));
    plan.warmup = {};
    plan.threads = 2;
    plan.rate = 404;  // an odd number of requests
    plan.duration = 250ms;
    Crew crew(b.loop, plan);
    co_await crew.run(b.ctx, b.ctx);
    RunResult result;
    crew.write_to(result);
    EXPECT_EQ(result.requests.sent + result.unsent, 101);
    EXPECT_EQ(result.rate_asked, 404);
    EXPECT_NEAR(*crew.rate_between(100ms, 200ms), 404, 1e-9);
  });
}

TEST(Crew, EndsOnCancellation) {
  Bench::run([](const StubRequest&) { return support::StubReply{.then = support::Then::hang}; },
             [](Bench& b) -> leash::Task<> {
               Plan plan(b.server.url("/demo"));
               plan.threads = 2;
               plan.connections = 4;
               plan.duration = 1h;
               plan.timeout = 1h;
               const auto waiting = leash::with_timeout(b.ctx, 100ms);
               Crew crew(b.loop, plan);
               co_await crew.run(waiting.ctx, waiting.ctx);
               EXPECT_TRUE(waiting.ctx.is_done());
               EXPECT_EQ(crew.now().in_flight, 0);
             });
}

}  // namespace
