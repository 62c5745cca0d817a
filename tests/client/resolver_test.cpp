// SPDX-License-Identifier: BSL-1.0
#include "client/resolver.hpp"

#include <gtest/gtest.h>

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>

#include "tests/support/client_bench.hpp"

namespace {

using client::Endpoint;
using client::resolve;
using support::StubRequest;
using support::text;

support::StubReply greet(const StubRequest&) { return text("hello"); }

TEST(Resolver, AnAddressIsItself) {
  Bench::run(greet, [](Bench& b) -> leash::Task<> {
    const auto four = co_await resolve(b.ctx, b.loop.io(), "127.0.0.1", 80);
    EXPECT_TRUE(four && four->size() == 1);
    const auto six = co_await resolve(b.ctx, b.loop.io(), "::1", 443);
    const asio::ip::tcp::endpoint wanted(asio::ip::make_address("::1"), 443);
    EXPECT_TRUE(six && six->size() == 1 && six->front() == Endpoint(wanted));
  });
}

TEST(Resolver, ANameIsLookedUp) {
  Bench::run(greet, [](Bench& b) -> leash::Task<> {
    const auto found = co_await resolve(b.ctx, b.loop.io(), "localhost", b.server.url().port);
    EXPECT_TRUE(found && !found->empty());
    const client::Origin origin("localhost", b.server.url().port);
    client::Connection connection(b.loop.io());
    const auto connected = co_await connection.connect(b.ctx, origin);
    EXPECT_TRUE(connected);
  });
}

TEST(Resolver, ALookUpIsLeftWhenItsContextEnds) {
  Bench::run(greet, [](Bench& b) -> leash::Task<> {
    auto ended = leash::with_cancel(b.ctx);
    ended.cancel();
    const auto found = co_await resolve(ended.ctx, b.loop.io(), "localhost", 80);
    EXPECT_TRUE(!found && found.error() == leash::errc::canceled);
  });
}

}  // namespace
