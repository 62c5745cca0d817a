// SPDX-License-Identifier: BSL-1.0
#include "client/client.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "leash/go.hpp"
#include "tests/support/client_bench.hpp"

namespace {

using support::StubReply;
using support::StubRequest;
using support::text;
using support::Then;

static_assert(!std::is_aggregate_v<client::Request>,
              "GCC 12 destroys aggregates inside co_await expressions twice");
static_assert(!std::is_move_constructible_v<client::Client>);

StubReply hello(const StubRequest&) { return text("hello"); }

StubReply raw(std::string bytes, Then then) {
  StubReply reply;
  reply.bytes = std::move(bytes);
  reply.then = then;
  return reply;
}

leash::Task<leash::Result<client::Response>> get(Bench& b, std::string target = "/") {
  client::Request request(b.server.url(std::move(target)));
  co_return co_await b.http.call(b.ctx, std::move(request));
}

long timeout_sent(const StubRequest& request) {
  const auto field = request.headers.find("X-Request-Timeout-Ms").value_or("-1");
  long ms = 0;
  std::from_chars(field.data(), field.data() + field.size(), ms);
  return ms;
}

TEST(Client, ReturnsStatusReasonFieldsAndBody) {
  Bench::run(
      [](const StubRequest&) {
        return raw("HTTP/1.1 201 Made it\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok", Then::keep);
      },
      [](Bench& b) -> leash::Task<> {
        auto response = co_await get(b);
        if (!response) co_return ADD_FAILURE() << response.error().message(), void();
        EXPECT_EQ(response->status, 201);
        EXPECT_EQ(response->reason, "Made it");
        EXPECT_EQ(response->headers.find("x-a"), "b");
        EXPECT_EQ(response->body, "ok");
      });
}

TEST(Client, SendsMethodTargetHostFieldsAndBody) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url("/a?b=c"), "POST");
    request.headers.add("X-A", "b");
    request.body = "body";
    EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
    const StubRequest& seen = b.server.requests().at(0);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.target, "/a?b=c");
    EXPECT_EQ(seen.headers.find("Host"), b.server.url().authority());
    EXPECT_EQ(seen.headers.find("X-A"), "b");
    EXPECT_EQ(seen.body, "body");
  });
}

TEST(Client, PrefersHostFieldToUrlHost) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url());
    request.headers.add("host", "example.org");
    EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
    EXPECT_EQ(b.server.requests().at(0).headers.find("Host"), "example.org");
  });
}

TEST(Client, ResolvesNames) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url());
    request.url.host = "localhost";
    EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
  });
}

TEST(Client, ReportsResolverErrorForUnknownName) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url());
    request.url.host = "no-such-host.invalid";
    request.timeout = 10s;
    const auto response = co_await b.http.call(b.ctx, std::move(request));
    EXPECT_FALSE(response);
    EXPECT_EQ(b.server.connections(), 0);
  });
}

TEST(Client, ConnectReportsRefusedPort) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url());
    request.url.port = 1;
    const auto response = co_await b.http.call(b.ctx, std::move(request));
    EXPECT_EQ(response.error(), std::errc::connection_refused);
  });
}

TEST(Client, ReusesConnection) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(co_await get(b));
    EXPECT_EQ(b.server.connections(), 1);
    EXPECT_EQ(b.http.idle_connections(), 1U);
  });
}

TEST(Client, DiscardsConnectionAfterCloseResponse) {
  Bench::run(
      [](const StubRequest&) {
        return raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", Then::close);
      },
      [](Bench& b) -> leash::Task<> {
        EXPECT_TRUE(co_await get(b));
        EXPECT_EQ(b.http.idle_connections(), 0U);
        EXPECT_TRUE(co_await get(b));
        EXPECT_EQ(b.server.connections(), 2);
      });
}

TEST(Client, LimitsIdleConnectionsPerHost) {
  client::Options options;
  options.pool.idle_per_host = 2;
  Bench::run(
      [](const StubRequest&) {
        StubReply reply = text("slow");
        reply.after = 20ms;
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        leash::Scope scope(b.ctx);
        const auto one = [](Bench& bench) -> leash::Task<> { EXPECT_TRUE(co_await get(bench)); };
        for (int i = 0; i < 5; ++i) scope.go(one(b));
        EXPECT_TRUE(co_await scope.join());
        EXPECT_EQ(b.server.connections(), 5);
        EXPECT_EQ(b.http.idle_connections(), 2U);
        const auto at_the_server = [&b] { return b.server.open() == 2; };
        EXPECT_TRUE(co_await b.eventually(at_the_server));
      },
      options);
}

TEST(Client, ClosesConnectionAfterIdleTimeout) {
  client::Options options;
  options.pool.idle_for = 20ms;
  Bench::run(
      hello,
      [](Bench& b) -> leash::Task<> {
        EXPECT_TRUE(co_await get(b));
        EXPECT_EQ(b.http.idle_connections(), 1U);
        const auto closed = [&b] { return b.server.open() == 0; };
        EXPECT_TRUE(co_await b.eventually(closed));
        EXPECT_EQ(b.http.idle_connections(), 0U);
      },
      options);
}

leash::Task<> get_once(leash::Context ctx, client::Client& http, http::Url url, int* done) {
  client::Request request(std::move(url));
  const auto response = co_await http.call(ctx, std::move(request));
  EXPECT_TRUE(response) << response.error().message();
  ++*done;
}

TEST(Client, ClosesIdleConnectionsOnLoopDrain) {
  asio::io_context io{1};
  leash::Loop loop{io};
  support::StubHttpServer server(loop, hello);
  client::Client http(loop);
  auto [ctx, cancel] = leash::with_cancel(leash::without_cancel(loop.background()));  // outlives the drain
  leash::go(ctx, server.run(ctx), "stub server");
  int done = 0;
  leash::go(ctx, get_once(ctx, http, server.url(), &done), "call");
  while (done == 0) ASSERT_GT(io.run_one_for(10s), 0U);
  ASSERT_EQ(http.idle_connections(), 1U);
  loop.drain();
  for (int handlers = 0; handlers < 1000 && http.idle_connections() > 0; ++handlers) io.run_one_for(10ms);
  EXPECT_EQ(http.idle_connections(), 0U);
  leash::go(ctx, get_once(ctx, http, server.url(), &done), "call");
  while (done == 1) ASSERT_GT(io.run_one_for(10s), 0U);
  EXPECT_EQ(http.idle_connections(), 0U) << "none is kept any more";
  cancel();
  EXPECT_TRUE(loop.run());
}

TEST(Client, KeepsIdleConnectionForeverIfConfigured) {
  client::Options options;
  options.pool.idle_for = leash::Duration::max();
  Bench::run(
      hello,
      [](Bench& b) -> leash::Task<> {
        EXPECT_TRUE(co_await get(b));
        const auto contexts_done = [&b] {
          std::uint64_t sum = 0;
          for (const leash::Figure& each : b.loop.metrics()->contexts_done) sum += each.get();
          return sum;
        };
        const std::uint64_t before = contexts_done();
        for (int turn = 0; turn < 10; ++turn) co_await leash::sleep(1us);
        EXPECT_EQ(contexts_done(), before) << "nobody looks for expired ones again and again";
        EXPECT_TRUE(co_await get(b));
        EXPECT_EQ(b.server.connections(), 1);
      },
      options);
}

TEST(Client, SkipsIdleConnectionClosedByServer) {
  Bench::run(
      [](const StubRequest&) { return raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::close); },
      [](Bench& b) -> leash::Task<> {
        EXPECT_TRUE(co_await get(b));
        const auto closed = [&b] { return b.server.open() == 0; };
        EXPECT_TRUE(co_await b.eventually(closed));
        client::Request request(b.server.url(), "POST");  // which would not be sent again
        EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
        EXPECT_EQ(b.server.connections(), 2);
      });
}

// The server closes without an answer at the second request of each connection.
StubReply answers_once(const StubRequest& request) {
  return request.on_connection == 1 ? text("hello") : raw("", Then::close);
}

TEST(Client, RetriesAfterStaleConnection) {
  Bench::run(answers_once, [](Bench& b) -> leash::Task<> {
    EXPECT_TRUE(co_await get(b));
    EXPECT_TRUE(co_await get(b));
    EXPECT_EQ(b.server.connections(), 2);
    EXPECT_EQ(b.server.requests().size(), 3U);
  });
}

TEST(Client, DoesNotResendNonIdempotentRequest) {
  Bench::run(answers_once, [](Bench& b) -> leash::Task<> {
    EXPECT_TRUE(co_await get(b));
    client::Request request(b.server.url(), "POST");
    const auto response = co_await b.http.call(b.ctx, std::move(request));
    EXPECT_EQ(response.error(), client::errc::refused);
    EXPECT_EQ(b.server.requests().size(), 2U);
  });
}

TEST(Client, DoesNotRetryAfterNewConnectionCloses) {
  Bench::run([](const StubRequest&) { return raw("", Then::reset); },
             [](Bench& b) -> leash::Task<> {
               const auto response = co_await get(b);
               EXPECT_EQ(response.error(), client::errc::refused);
               EXPECT_EQ(b.server.requests().size(), 1U);
             });
}

TEST(Client, LimitsSecondAttemptToRemainingTime) {
  Bench::run(
      [](const StubRequest& request) {
        if (request.connection == 1 && request.on_connection == 1) return text("hello");
        StubReply reply = raw("", request.connection == 1 ? Then::close : Then::hang);
        if (request.connection == 1) reply.after = 30ms;
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        EXPECT_TRUE(co_await get(b));
        client::Request request(b.server.url());
        request.timeout = 100ms;
        const auto response = co_await b.http.call(b.ctx, std::move(request));
        EXPECT_EQ(response.error(), leash::errc::deadline_exceeded);
        EXPECT_EQ(b.server.requests().size(), 3U);
        EXPECT_LE(timeout_sent(b.server.requests().back()), 70);
      });
}

TEST(Client, SendsItsTimeoutToServer) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url());
    request.timeout = 1500ms;
    EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
    EXPECT_LE(timeout_sent(b.server.requests().at(0)), 1490);
    EXPECT_GT(timeout_sent(b.server.requests().at(0)), 1000);
  });
}

TEST(Client, BoundsRequestTimeoutByContextDeadline) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    const auto limited = leash::with_timeout(b.ctx, 900ms);
    client::Request request(b.server.url());
    request.timeout = 10s;
    EXPECT_TRUE(co_await b.http.call(limited.ctx, std::move(request)));
    EXPECT_LE(timeout_sent(b.server.requests().at(0)), 900);
    EXPECT_GE(timeout_sent(b.server.requests().at(0)), 1);
  });
}

TEST(Client, LimitsMarginToTenthOfRemainingTime) {
  client::Options options;
  options.margin = 1h;
  Bench::run(
      hello,
      [](Bench& b) -> leash::Task<> {
        client::Request request(b.server.url());
        request.timeout = 10s;
        EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
        EXPECT_LE(timeout_sent(b.server.requests().at(0)), 9000);
        EXPECT_GT(timeout_sent(b.server.requests().at(0)), 5000);
      },
      options);
}

TEST(Client, RoundsSentTimeoutDownButNeverToZero) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    EXPECT_TRUE(co_await get(b));  // no need to connect
    const auto limited = leash::with_timeout(b.ctx, 900us);
    client::Request request(b.server.url());
    (void)co_await b.http.call(limited.ctx, std::move(request));
    for (std::size_t i = 1; i < b.server.requests().size(); ++i)
      EXPECT_EQ(timeout_sent(b.server.requests()[i]), 1);
  });
}

TEST(Client, KeepsTimeoutFieldOfCaller) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    client::Request request(b.server.url());
    request.headers.add("x-request-timeout-ms", "7");
    request.timeout = 5s;
    EXPECT_TRUE(co_await b.http.call(b.ctx, std::move(request)));
    EXPECT_EQ(b.server.requests().at(0).headers.count("X-Request-Timeout-Ms"), 1U);
    EXPECT_EQ(timeout_sent(b.server.requests().at(0)), 7);
  });
}

TEST(Client, FailsWithoutRequestWhenNoTimeIsLeft) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    const auto limited = leash::with_timeout(b.ctx, 0s);
    client::Request request(b.server.url());
    const auto response = co_await b.http.call(limited.ctx, std::move(request));
    EXPECT_EQ(response.error(), leash::errc::deadline_exceeded);
    EXPECT_EQ(b.server.requests().size(), 0U);
  });
}

TEST(Client, ClosesConnectionOnTimeout) {
  Bench::run([](const StubRequest&) { return raw("", Then::hang); },
             [](Bench& b) -> leash::Task<> {
               // On a busy machine, 10 ms may not even be enough to connect, so each attempt takes longer.
               for (auto timeout = 10ms; b.server.requests().empty(); timeout *= 2) {
                 client::Request request(b.server.url());
                 request.timeout = timeout;
                 const auto response = co_await b.http.call(b.ctx, std::move(request));
                 EXPECT_EQ(response.error(), leash::errc::deadline_exceeded);
                 EXPECT_EQ(response.error(), std::errc::timed_out);
                 EXPECT_EQ(b.http.idle_connections(), 0U);
               }
               const auto closed = [&b] { return b.server.open() == 0; };
               EXPECT_TRUE(co_await b.eventually(closed));
             });
}

TEST(Client, ClosesConnectionOnCancellation) {
  Bench::run(
      [](const StubRequest&) {
        return raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", Then::hang);
      },
      [](Bench& b) -> leash::Task<> {
        leash::Scope scope(b.ctx);
        const auto call = [](leash::Context ctx, Bench& bench) -> leash::Task<> {
          client::Request request(bench.server.url());
          const auto response = co_await bench.http.call(ctx, std::move(request));
          EXPECT_EQ(response.error(), leash::errc::canceled);
        };
        scope.go(call(scope.ctx(), b));
        const auto arrived = [&b] { return b.server.requests().size() == 1; };
        EXPECT_TRUE(co_await b.eventually(arrived));
        scope.cancel();
        EXPECT_TRUE(co_await scope.join());
        const auto closed = [&b] { return b.server.open() == 0; };
        EXPECT_TRUE(co_await b.eventually(closed));
      });
}

TEST(Client, CallsOfDestroyedScopeLeaveNoTrace) {
  Bench::run([](const StubRequest&) { return raw("", Then::hang); },
             [](Bench& b) -> leash::Task<> {
               {
                 leash::Scope scope(b.ctx);
                 const auto call = [](leash::Context ctx, Bench& bench) -> leash::Task<> {
                   client::Request request(bench.server.url());
                   (void)co_await bench.http.call(ctx, std::move(request));
                 };
                 scope.go(call(scope.ctx(), b));
                 const auto arrived = [&b] { return b.server.requests().size() == 1; };
                 EXPECT_TRUE(co_await b.eventually(arrived));
               }
               const auto closed = [&b] { return b.server.open() == 0; };
               EXPECT_TRUE(co_await b.eventually(closed));
             });
}

TEST(Client, ReadsChunkedResponse) {
  Bench::run(
      [](const StubRequest&) {
        return raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: "
            "x\r\n\r\n",
            Then::keep);
      },
      [](Bench& b) -> leash::Task<> {
        auto response = co_await get(b);
        EXPECT_TRUE(response && response->body == "hello world");
        EXPECT_EQ(b.http.idle_connections(), 1U);
      });
}

TEST(Client, EndsBodyWithoutLengthAtConnectionEnd) {
  Bench::run([](const StubRequest&) { return raw("HTTP/1.1 200 OK\r\n\r\nall of it", Then::close); },
             [](Bench& b) -> leash::Task<> {
               auto response = co_await get(b);
               EXPECT_TRUE(response && response->body == "all of it");
               EXPECT_EQ(b.http.idle_connections(), 0U);
             });
}

TEST(Client, IgnoresContentLengthOfHeadResponse) {
  Bench::run(
      [](const StubRequest&) { return raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", Then::keep); },
      [](Bench& b) -> leash::Task<> {
        client::Request request(b.server.url(), "HEAD");
        auto response = co_await b.http.call(b.ctx, std::move(request));
        EXPECT_TRUE(response && response->body.empty());
        EXPECT_EQ(b.http.idle_connections(), 1U);
      });
}

TEST(Client, SkipsInterimResponses) {
  Bench::run(
      [](const StubRequest&) {
        return raw("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 None\r\n\r\n", Then::keep);
      },
      [](Bench& b) -> leash::Task<> {
        auto response = co_await get(b);
        EXPECT_TRUE(response && response->status == 204);
      });
}

TEST(Client, DiscardsConnectionAfterSurplusBytes) {
  Bench::run([](const StubRequest&) { return raw(text("hello").bytes + "surplus", Then::keep); },
             [](Bench& b) -> leash::Task<> {
               EXPECT_TRUE(co_await get(b));
               EXPECT_EQ(b.http.idle_connections(), 0U);
             });
}

constexpr std::size_t large = 20'000'000;  // more than fits into the buffers of two sockets

client::Request large_request(Bench& b) {
  client::Request request(b.server.url(), "PUT");
  request.body.assign(large, 'x');
  return request;
}

TEST(Client, SendsLargeRequest) {
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    auto response = co_await b.http.call(b.ctx, large_request(b));
    EXPECT_TRUE(response && response->body == "hello");
    EXPECT_EQ(b.server.requests().at(0).body.size(), large);
    EXPECT_EQ(b.http.idle_connections(), 1U);
  });
}

TEST(Client, ResponseToUnfinishedRequestEndsConnection) {
  Bench::run([](const StubRequest&) { return raw(text("no", 413).bytes, Then::deaf); },
             [](Bench& b) -> leash::Task<> {
               auto response = co_await b.http.call(b.ctx, large_request(b));
               EXPECT_TRUE(response && response->status == 413);
               EXPECT_EQ(b.http.idle_connections(), 0U);
             },
             {}, support::AnswerWhen::head);
}

TEST(Client, ReadsLargeResponseWhileSendingLargeRequest) {
  client::Options options;
  options.response.body_bytes = large;
  Bench::run([](const StubRequest&) { return text(std::string(large, 'y')); },
             [](Bench& b) -> leash::Task<> {
               auto response = co_await b.http.call(b.ctx, large_request(b));
               EXPECT_TRUE(response && response->body.size() == large);
             },
             options, support::AnswerWhen::head);
}

TEST(Client, TimesOutWhenServerStopsReading) {
  Bench::run([](const StubRequest&) { return raw("", Then::deaf); },
             [](Bench& b) -> leash::Task<> {
               client::Request request = large_request(b);
               request.timeout = 50ms;
               const auto response = co_await b.http.call(b.ctx, std::move(request));
               EXPECT_EQ(response.error(), leash::errc::deadline_exceeded);
             },
             {}, support::AnswerWhen::head);
}

TEST(Client, ReportsResetDuringLargeRequestAsRefused) {
  Bench::run([](const StubRequest&) { return raw("", Then::reset); },
             [](Bench& b) -> leash::Task<> {
               const auto response = co_await b.http.call(b.ctx, large_request(b));
               EXPECT_EQ(response.error(), client::errc::refused);
               EXPECT_EQ(b.server.requests().size(), 1U);
             },
             {}, support::AnswerWhen::head);
}

TEST(Client, DiscardsUnrequestedResponse) {
  Bench::run(
      [](const StubRequest& request) {
        if (request.connection > 1) return text("mine");
        StubReply reply = text("hello");
        reply.more = text("unasked").bytes;
        return reply;
      },
      [](Bench& b) -> leash::Task<> {
        EXPECT_TRUE(co_await get(b));
        const auto sent = [&b] { return b.server.replies() == 1; };
        EXPECT_TRUE(co_await b.eventually(sent));
        auto response = co_await get(b);
        EXPECT_TRUE(response && response->body == "mine");
      });
}

TEST(ClientDeathTest, RejectsConnect) {
  const auto connect = [] {
    Bench::run(hello, [](Bench& b) -> leash::Task<> {
      client::Request request(b.server.url(), "CONNECT");
      (void)co_await b.http.call(b.ctx, std::move(request));
    });
  };
  EXPECT_DEATH(connect(), "CONNECT is not supported");
}

TEST(ClientDeathTest, AbortsIfDestroyedDuringCall) {
  const auto destroy_too_early = [] {
    asio::io_context io{1};
    leash::Loop loop{io};
    auto http = std::make_unique<client::Client>(loop);
    const asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
    http::Url unanswered;
    unanswered.host = "127.0.0.1";
    unanswered.port = silent.local_endpoint().port();
    const auto call = [](client::Client& c, leash::Context ctx, http::Url url) -> leash::Task<> {
      client::Request request(url);
      (void)co_await c.call(ctx, std::move(request));
    };
    leash::go(loop.background(), call(*http, loop.background(), unanswered));
    io.poll();
    http.reset();
  };
  EXPECT_DEATH(destroy_too_early(), "destroyed while calls are in flight");
}

}  // namespace
