// SPDX-License-Identifier: BSL-1.0
#include "server/patterns/upstream_client.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/trace.hpp"
#include "server/routes.hpp"
#include "tests/support/every_step.hpp"
#include "tests/support/in_process_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/silent_listener.hpp"
#include "tests/support/stub_http_server.hpp"

namespace {

using namespace std::chrono_literals;
using support::ServerProcess;

// Calls a stub that answers as the test says.
class UpstreamTest : public testing::Test {
 protected:
  leash::Result<> ask(support::StubHttpServer& stub, std::string target,
                      std::optional<leash::Duration> remaining) {
    std::optional<leash::Result<>> answer;
    auto [serving, stop] = leash::with_cancel(loop.background());
    leash::go(serving, stub.run(serving), "stub");
    auto upstream = std::make_shared<server::Upstream>(loop, stub.url(std::move(target)), 1s, 10);
    auto [ctx, cancel] = remaining ? leash::with_timeout(parent, *remaining) : leash::with_cancel(parent);
    leash::go(ctx, keep(std::move(upstream), ctx, &answer), "call");
    EXPECT_TRUE(support::step_until(io, steps, [&] { return answer.has_value(); }));
    stop();
    EXPECT_TRUE(support::step_until(io, steps, [&] { return leash::live_tasks(loop) == 0; }));
    return answer.value_or(std::unexpected(std::make_error_code(std::errc::timed_out)));
  }

  static leash::Task<> keep(std::shared_ptr<server::Upstream> upstream, leash::Context ctx,
                            std::optional<leash::Result<>>* answer) {
    *answer = co_await server::Upstream::ask(upstream, ctx, 7ms);
  }

  static int milliseconds_of(const support::StubRequest& request) {
    return std::stoi(std::string(request.headers.find("X-Request-Timeout-Ms").value_or("-1")));
  }

  asio::io_context io{1};
  leash::Loop loop{io};
  leash::Context parent = loop.background();
  int steps = 0;
};

TEST_F(UpstreamTest, UsesBackendPathByDefault) {
  support::StubHttpServer stub(loop, [](const support::StubRequest&) { return support::text("x"); });
  EXPECT_TRUE(ask(stub, "/", std::nullopt));
  EXPECT_TRUE(ask(stub, "/other?a=1", std::nullopt));
  ASSERT_EQ(stub.requests().size(), 2u);
  EXPECT_EQ(stub.requests()[0].target, "/backend?latency=7ms");
  EXPECT_EQ(stub.requests()[1].target, "/other?a=1");
  EXPECT_EQ(stub.connections(), 2) << "one for each call";
}

TEST_F(UpstreamTest, ReceivesTimeoutMinusMargin) {
  support::StubHttpServer stub(loop, [](const support::StubRequest&) { return support::text("x"); });
  EXPECT_TRUE(ask(stub, "/", std::nullopt));
  EXPECT_TRUE(ask(stub, "/", 60s));
  EXPECT_TRUE(ask(stub, "/", 10'000h));
  ASSERT_EQ(stub.requests().size(), 3u);
  EXPECT_FALSE(stub.requests()[0].headers.find("X-Request-Timeout-Ms")) << "who has no deadline tells none";
  EXPECT_LE(milliseconds_of(stub.requests()[1]), 59'980);
  EXPECT_GT(milliseconds_of(stub.requests()[1]), 50'000);
  EXPECT_EQ(stub.requests()[2].headers.find("X-Request-Timeout-Ms"), "9999999999") << "10 digits at most";
}

TEST_F(UpstreamTest, ReceivesTraceOfItsCaller) {
  support::StubHttpServer stub(loop, [](const support::StubRequest&) { return support::text("x"); });
  leash::Trace trace;
  trace.high = 0x4bf92f3577b34da6;
  trace.low = 0xa3ce929d0e0e4736;
  trace.flags = 1;
  trace.state = "a=1,b=2";
  parent = leash::with_value<leash::Trace>(loop.background(), trace);
  EXPECT_TRUE(ask(stub, "/", std::nullopt));
  ASSERT_EQ(stub.requests().size(), 1u);
  const std::string parent_sent(stub.requests()[0].headers.find("traceparent").value_or(""));
  EXPECT_TRUE(parent_sent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")) << parent_sent;
  EXPECT_TRUE(parent_sent.ends_with("-01")) << parent_sent;
  EXPECT_EQ(stub.requests()[0].headers.find("tracestate"), "a=1,b=2");
}

TEST_F(UpstreamTest, SkipsCallWithoutRemainingTime) {
  support::StubHttpServer stub(loop, [](const support::StubRequest&) { return support::text("x"); });
  EXPECT_EQ(ask(stub, "/", 0s).error(), leash::errc::deadline_exceeded);
  EXPECT_TRUE(stub.requests().empty());
}

TEST_F(UpstreamTest, HonorsExpiredDeadlineOfUpstream) {
  support::StubHttpServer stub(loop, [](const support::StubRequest&) {
    support::StubReply reply;
    reply.bytes = "HTTP/1.1 504 Late\r\nX-Deadline-Expired: 1\r\nContent-Length: 0\r\n\r\n";
    return reply;
  });
  EXPECT_EQ(ask(stub, "/", 60s).error(), leash::errc::deadline_exceeded);
}

TEST_F(UpstreamTest, FailureBecomesError) {
  support::StubHttpServer failing(loop, [](const support::StubRequest&) { return support::text("x", 500); });
  EXPECT_EQ(ask(failing, "/", 60s).error(), std::errc::bad_message);
  support::StubHttpServer garbled(loop, [](const support::StubRequest&) {
    support::StubReply reply;
    reply.bytes = "what?\r\n\r\n";
    return reply;
  });
  EXPECT_EQ(ask(garbled, "/", 60s).error(), client::errc::malformed);
}

// --- one that hangs ---

TEST(HangingUpstream, CostsALeakyCallerASocketAndATaskForEachRequest) {
  const support::SilentListener silent;
  ServerProcess server(
      {"--mode", "leaky", "--upstream", "http://" + silent.url().authority(), "--upstream-timeout", "10ms"});
  EXPECT_EQ(server.get("/healthz").status, 200);
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 0));
  const double descriptors = server.metric("process_open_fds");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(server.get("/demo?pattern=upstream").status, 200);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(server.get("/demo?pattern=upstream&mode=fixed").status, 200);
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 0));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_leaked", "wait=\"read\"", 5));
  EXPECT_TRUE(server.metric_becomes("process_open_fds", "", descriptors + 5));
  EXPECT_EQ(server.stop(), 3);
}

TEST(HangingUpstream, IsNotCalledByLeakyRequestsWhenTooManyWait) {
  leash::expect_leaks();
  const support::SilentListener silent;
  const server::Shared shared{server::Options()};
  support::InProcessServer server(server::public_routes(shared));
  server.patterns->upstream =
      std::make_shared<server::Upstream>(server.worker.loop(), silent.url(), std::nullopt, 2);
  const auto ask = [&](const std::string& mode) {
    return server.ask("GET /demo?pattern=upstream&mode=" + mode +
                      " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  };
  EXPECT_TRUE(ask("leaky").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(ask("leaky").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(server.patterns->upstream->calls(), 2u);
  const std::string refused = ask("leaky");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("\"cause\":\"leak-limit\""), std::string::npos) << refused;
  EXPECT_TRUE(ask("fixed").starts_with("HTTP/1.1 200 ")) << "it ends with its request";
  EXPECT_EQ(server.patterns->upstream->calls(), 2u);
}

// --- between two instances ---

class Instances : public testing::Test {
 protected:
  std::vector<std::string> calling_backend(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--upstream", backend.url("")});
    return more;
  }
  ServerProcess backend{{"--log-level", "debug"}};
};

TEST_F(Instances, CallEachOthersBackend) {
  ServerProcess server(calling_backend());
  for (const char* mode : {"fixed", "leaky"}) {
    const auto reply = server.get(std::string("/demo?pattern=upstream&latency=10ms&mode=") + mode);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(nlohmann::json::parse(reply.body)["left"], 0) << "it was answered in time";
  }
  EXPECT_EQ(backend.metric("http_requests_total", R"(route="/backend",method="GET",code="200")"), 2);
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
}

TEST_F(Instances, TheBudgetOfACallerReachesTheUpstream) {
  ServerProcess server(calling_backend({"--upstream-timeout", "60s", "--request-timeout", "60s"}));
  const auto reply = server.get("/demo?pattern=upstream&latency=50s", "X-Request-Timeout-Ms: 300\r\n");
  EXPECT_EQ(reply.status, 504);
  EXPECT_NE(reply.head.find("X-Deadline-Expired: 1"), std::string::npos) << reply.head;
  EXPECT_TRUE(backend.metric_becomes("http_requests_in_flight", "", 0));
  EXPECT_EQ(backend.metric("http_deadline_exceeded_total", "route=\"/backend\"") +
                backend.metric("http_requests_total", R"(route="/backend",method="GET",code="499")"),
            1);
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
}

TEST_F(Instances, SharesTheTraceOfItsCaller) {
  ServerProcess server(calling_backend());
  for (const char* mode : {"fixed", "leaky"}) {
    EXPECT_EQ(server
                  .get(std::string("/demo?pattern=upstream&latency=1ms&mode=") + mode,
                       "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n")
                  .status,
              200);
  }
  EXPECT_EQ(backend.stop(), 0);
  const std::string log = backend.log();
  const std::string traced =
      " trace=4bf92f3577b34da6a3ce929d0e0e4736 method=GET target=\"/backend?latency=1ms\"";
  const std::size_t first = log.find(traced);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_NE(log.find(traced, first + 1), std::string::npos) << "a leaky call is part of it, too\n" << log;
}

TEST_F(Instances, AnswerWithoutTooSlowUpstream) {
  ServerProcess server(calling_backend({"--upstream-timeout", "50ms"}));
  const auto reply = server.get("/demo?pattern=upstream&latency=1500ms");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
  EXPECT_TRUE(backend.metric_becomes("http_requests_in_flight", "", 0));
}

TEST_F(Instances, AnswerMissingUpstreamWithBadGateway) {
  const std::string url = backend.url("");
  EXPECT_EQ(backend.stop(), 0);
  ServerProcess server({"--upstream", url});
  const auto reply = server.get("/demo?pattern=upstream");
  EXPECT_EQ(reply.status, 502) << reply.body;
  EXPECT_NE(reply.body.find("\"cause\":\"upstream\""), std::string::npos) << reply.body;
  EXPECT_EQ(server.stop(), 0);
  EXPECT_NE(server.log().find("Connection refused"), std::string::npos) << server.log();
}

}  // namespace
