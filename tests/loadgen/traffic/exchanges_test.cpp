// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/exchanges.hpp"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

#include "leash/scope.hpp"
#include "tests/support/kernel_stamps.hpp"
#include "tests/support/traffic_bench.hpp"

namespace {

using loadgen::Plan;
using loadgen::RunResult;
using loadgen::Traffic;
using support::hello;
using support::load;
using support::StubReply;
using support::StubRequest;
using support::text;
using support::Then;

using Errors = std::map<std::error_code, std::int64_t>;

StubReply and_then(StubReply reply, Then then) {
  reply.then = then;
  return reply;
}

TEST(Exchanges, SendsItsTimeoutToServer) {
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

TEST(Exchanges, AnotherStatusThan2xxIsAnErrorWithALatency) {
  load([](const StubRequest&) { return text("no", 503); }, [](Plan& plan) { plan.requests = 7; },
       [](const Traffic& traffic, const support::StubHttpServer&) {
         EXPECT_EQ(traffic.counts().ok, 0);
         EXPECT_EQ(traffic.counts().errors, 7);
         EXPECT_EQ(traffic.counts().by_status.at("503"), 7);
         EXPECT_EQ(traffic.latency().count(), 7u);
       });
}

TEST(Exchanges, CountsTimeoutAsErrorAndReplacesConnection) {
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

TEST(Exchanges, IgnoresBytesBeforeRequest) {
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

TEST(Exchanges, ReplacesConnectionThatIsResetWithResponse) {
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

TEST(Exchanges, AResponseOfAnySizeIsTaken) {
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

// A response arrives, and this thread reads it only when twice the time until then has passed.
TEST(Exchanges, LatencyEndsWhenTheResponseArrivedNotWhenItWasRead) {
  const support::KernelStamps stamps;
  Bench::run(hello, [](Bench& b) -> leash::Task<> {
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    asio::ip::tcp::acceptor listener(b.loop.io(), any);
    http::Url url = b.server.url("/");
    url.port = listener.local_endpoint().port();
    Plan plan(url);
    plan.warmup = {};
    plan.connections = 1;
    plan.requests = 1;
    Traffic traffic(b.loop, plan);
    leash::Scope scope(b.ctx);
    const leash::TimePoint begun = b.loop.now();
    scope.go(traffic.run(scope.ctx(), scope.ctx()), "traffic");
    const auto is_sent = [&] { return traffic.sent_in_all() == 1; };
    const bool sent = co_await b.eventually(is_sent);
    EXPECT_TRUE(sent);
    auto peer = listener.accept();
    (void)peer.send(asio::buffer(std::string_view("HTTP/1.1 204 No Content\r\n\r\n")));
    int not_arrived = 1;  // until it is acknowledged
    while (not_arrived > 0) EXPECT_EQ(::ioctl(peer.native_handle(), SIOCOUTQ, &not_arrived), 0);
    const leash::Duration at_most = b.loop.now() - begun;
    while (b.loop.now() - begun < 2 * at_most) continue;
    (void)co_await scope.join();
    EXPECT_EQ(traffic.counts().ok, 1);
    EXPECT_LE(traffic.latency().max(), at_most);
    RunResult result;
    traffic.write_to(result);
    EXPECT_EQ(result.ok_latency.max(), traffic.latency().max());
    EXPECT_LE(result.service.max(), traffic.latency().max());
  });
}

TEST(Exchanges, WithoutKeepAliveEachRequestHasAConnection) {
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

TEST(Exchanges, MessagesAreSentInTurn) {
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

TEST(Exchanges, ResendsRefusedRequestOnce) {
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

TEST(Exchanges, CountsTwiceRefusedRequestAsError) {
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

TEST(Exchanges, CountsDepartedClientAsAbortedNotAsError) {
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

}  // namespace
