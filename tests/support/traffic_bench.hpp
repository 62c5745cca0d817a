// SPDX-License-Identifier: BSL-1.0
#pragma once
// Sends loads to a stub server: on real time, or with a clock that the test moves.
//
//   load(hello, [](Plan& plan) { plan.requests = 1; },
//        [](const Traffic& traffic, const support::StubHttpServer&) { EXPECT_EQ(traffic.counts().ok, 1); });

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "leash/clock.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/traffic/traffic.hpp"
#include "tests/support/client_bench.hpp"

namespace support {

using loadgen::Plan;
using loadgen::Traffic;

inline StubReply hello(const StubRequest&) { return text("hello"); }

using Prepare = std::function<void(Plan&)>;
using Judge = std::function<void(const Traffic&, const support::StubHttpServer&)>;

// Sends what the plan says to a stub server, and lets the test look at what came of it.
inline void load(support::StubHttpServer::Answer answer, const Prepare& prepare, const Judge& judge) {
  Bench::run(std::move(answer), [&](Bench& b) -> leash::Task<> {
    Plan plan(b.server.url("/demo"));
    plan.warmup = {};
    prepare(plan);
    Traffic traffic(b.loop, plan);
    co_await traffic.run(b.ctx, b.ctx);
    judge(traffic, b.server);
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
    plan.stamped = false;  // the kernel has its own time
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

}  // namespace support
