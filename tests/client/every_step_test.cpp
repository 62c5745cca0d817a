// A client's call, interrupted at every await in turn: whatever the moment, nothing is left.

#include "tests/support/every_step.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "client/client.hpp"
#include "leash/scope.hpp"
#include "tests/support/stub_http_server.hpp"

namespace {

leash::Task<> two_calls(leash::Context ctx, client::Client& http, http::Url url) {
  for (int i = 0; i < 2; ++i) {
    client::Request request(url);
    const auto response = co_await http.call(ctx, std::move(request));
    if (!response) co_return;
  }
}

// The client is told to stop by `ctx`, and its server, on the same loop, when the client has ended.
leash::Task<> call_a_server(leash::Context ctx, leash::Loop& loop) {
  support::StubHttpServer server(loop, [](const support::StubRequest&) { return support::text("hello"); });
  leash::Scope serving(loop.background());
  serving.go(server.run(serving.ctx()), "stub server");
  {
    client::Client http(loop);
    leash::Scope calling(ctx);
    calling.go(two_calls(calling.ctx(), http, server.url()), "client");
    (void)co_await calling.join();
  }
  serving.cancel();
  (void)co_await serving.join();
  EXPECT_EQ(server.open(), 0);
}

TEST(EveryStep, OfACallMayBeTheLast) { EXPECT_GE(support::interrupt_at_every_step(call_a_server), 8); }

}  // namespace
