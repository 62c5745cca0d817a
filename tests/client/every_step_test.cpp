// SPDX-License-Identifier: BSL-1.0
// A client's call, interrupted at each await in turn. Nothing may be left over.

#include "leash/every_step.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "client/client.hpp"
#include "leash/scope.hpp"
#include "tests/support/stub_http_server.hpp"

namespace {

leash::Task<> calls(leash::Context ctx, client::Client& http, client::Request request, int count) {
  for (int i = 0; i < count; ++i) {
    const auto response = co_await http.call(ctx, request);
    if (!response) co_return;
  }
}

// `ctx` stops the client. Its server, on the same loop, is stopped when the client has ended.
leash::Task<> call(leash::Context ctx, leash::Loop& loop, support::StubHttpServer& server,
                   client::Request request, int count) {
  leash::Scope serving(loop.background());
  serving.go(server.run(serving.ctx()), "stub server");
  {
    client::Client http(loop);
    leash::Scope calling(ctx);
    calling.go(calls(calling.ctx(), http, std::move(request), count), "client");
    (void)co_await calling.join();
  }
  serving.cancel();
  (void)co_await serving.join();
  EXPECT_EQ(server.open(), 0);
}

leash::Task<> two_small_calls(leash::Context ctx, leash::Loop& loop) {
  support::StubHttpServer server(loop, [](const support::StubRequest&) { return support::text("hello"); });
  client::Request request(server.url());
  co_await call(ctx, loop, server, std::move(request), 2);
}

leash::Task<> two_attempts(leash::Context ctx, leash::Loop& loop) {
  support::StubHttpServer server(loop, [](const support::StubRequest& request) {
    support::StubReply reply = support::text("hello");
    if (request.connection == 1 && request.on_connection == 2) reply.bytes.clear();
    if (reply.bytes.empty()) reply.then = support::Then::close;
    return reply;
  });
  client::Request request(server.url());
  request.timeout = std::chrono::seconds(20);
  co_await call(ctx, loop, server, std::move(request), 2);
}

leash::Task<> a_large_call(leash::Context ctx, leash::Loop& loop) {
  support::StubHttpServer server(
      loop, [](const support::StubRequest&) { return support::text(std::string(100'000, 'x')); },
      support::AnswerWhen::head);
  client::Request request(server.url(), "PUT");
  request.body.assign(4'000'000, 'x');
  co_await call(ctx, loop, server, std::move(request), 1);
}

TEST(EveryStep, OfACallMayBeTheLast) { EXPECT_GE(leash::testing::every_step(two_small_calls), 8); }

TEST(EveryStep, OfASecondAttemptMayBeTheLast) { EXPECT_GE(leash::testing::every_step(two_attempts), 12); }

TEST(EveryStep, OfDuplexCallMayBeTheLast) { EXPECT_GE(leash::testing::every_step(a_large_call), 12); }

}  // namespace
