// SPDX-License-Identifier: BSL-1.0
#pragma once
// Runs a test body on a loop, beside a stub server and with a client, and checks that nothing is left over.
//
//   Bench::run([](const StubRequest&) { return text("hello"); }, [](Bench& b) -> leash::Task<> {
//     client::Request request(b.server.url());
//     auto response = co_await b.http.call(b.ctx, request);
//     EXPECT_TRUE(response);
//   });

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <utility>

#include "client/client.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "tests/support/stub_http_server.hpp"

using namespace std::chrono_literals;

struct Bench {
  leash::Context ctx;  // ends after 20 s, so that no test hangs
  leash::Loop& loop;
  client::Client& http;
  support::StubHttpServer& server;

  using Body = std::function<leash::Task<>(Bench&)>;

  static void run(support::StubHttpServer::Answer answer, const Body& body,
                  const client::Options& options = {},
                  support::AnswerWhen when = support::AnswerWhen::complete) {
    asio::io_context io{1};
    leash::Loop loop{io};
    {
      support::StubHttpServer server(loop, std::move(answer), when);
      leash::go(loop.background(), drive(loop, server, body, options), "test");
      const auto ran = loop.run();
      EXPECT_TRUE(ran) << ran.error().message();
      EXPECT_EQ(server.open(), 0);
    }
    EXPECT_EQ(leash::live_tasks(loop), 0U);
    EXPECT_EQ(loop.metrics()->contexts_live.get(), 0U);
    EXPECT_EQ(loop.metrics()->contexts_held.get(), 0U);
    EXPECT_EQ(loop.metrics()->timers_armed.get(), 0U);
    EXPECT_EQ(loop.metrics()->exceptions.get(), 0U);
  }

  // Whether the condition becomes true within 5 s.
  leash::Task<bool> eventually(std::function<bool()> holds) {
    for (auto wait = 100us, waited = 0us; waited < 5s; waited += wait, wait = std::min(wait * 2, 10'000us)) {
      if (holds()) co_return true;
      co_await leash::sleep(wait);
    }
    co_return holds();
  }

 private:
  static leash::Task<> drive(leash::Loop& loop, support::StubHttpServer& server, const Body& body,
                             const client::Options& options) {
    const auto limited = leash::with_timeout(loop.background(), 20s);
    client::Client http(loop, options);
    leash::Scope scope(limited.ctx);
    scope.go(server.run(scope.ctx()), "stub server");
    Bench bench{limited.ctx, loop, http, server};
    co_await body(bench);
    EXPECT_FALSE(limited.ctx.is_done()) << "the test ran out of time";
    scope.cancel();
    (void)co_await scope.join();
  }
};
