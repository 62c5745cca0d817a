// SPDX-License-Identifier: BSL-1.0
// Clients that disconnect. Whatever they have sent, and however they disconnect, the context of their request is done
// and its tasks end.

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "http/server/connection.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/strict_response.hpp"

namespace {

using namespace std::chrono_literals;
using support::RawClient;
using support::ServerProcess;

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

// --- while a request runs ---

struct Way {
  const char* name;
  void (*leave)(RawClient&);
};
const Way ways[] = {
    {"ByHalfClose", [](RawClient& client) { client.shutdown_sending(); }},
    {"ByClose", [](RawClient& client) { client.close(); }},
    {"ByReset", [](RawClient& client) { client.reset(); }},
};

// The bytes that the client has sent before it disconnects. They fit into the buffers, so its end arrives.
struct Sent {
  const char* name;
  std::string bytes;
};
const Sent sent[] = {
    {"OneRequest", get("/demo?pattern=send&latency=50s")},
    {"PipelinedRequests",
     get("/demo?pattern=send&latency=50s") + get("/healthz") + get("/demo?pattern=poller")},
    {"MoreThanIsRead", get("/demo?pattern=send&latency=50s") + std::string(100'000, 'x')},
    {"ABodyThatNobodyReads",
     "GET /demo?pattern=send&latency=50s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    {"HalfABodyThatNobodyReads",
     "GET /demo?pattern=send&latency=50s HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhello"},
    {"MoreOfABodyThanIsRead",
     "GET /demo?pattern=send&latency=50s HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" +
         std::string(100'000, 'x')},
    {"HalfABody", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhello"},
};

class ClientGone : public testing::TestWithParam<std::tuple<Way, Sent>> {};

TEST_P(ClientGone, EndsTheRequestWithCauseDisconnected) {
  ServerProcess server({"--request-timeout", "60s", "--body-timeout", "60s"});
  const auto& [way, what] = GetParam();
  RawClient client(server.port());
  client.send(what.bytes);
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  way.leave(client);
  EXPECT_TRUE(server.metric_becomes("http_requests_in_flight", "", 0));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
  EXPECT_TRUE(server.metric_becomes("http_connections", "", 0));
  EXPECT_GE(server.metric("leash_contexts_done_total", "cause=\"disconnected\""), 1);
  EXPECT_TRUE(server.metric_becomes("leash_contexts_done_total", "cause=\"deadline\"", 0));
  EXPECT_EQ(server.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(, ClientGone, testing::Combine(testing::ValuesIn(ways), testing::ValuesIn(sent)),
                         [](const auto& test) {
                           return std::string(std::get<1>(test.param).name) + std::get<0>(test.param).name;
                         });

TEST(AClientThatHasGone, IsCountedAs499) {
  ServerProcess server({"--request-timeout", "60s"});
  RawClient client(server.port());
  client.send(get("/demo?pattern=receive&latency=50s"));
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  client.reset();
  EXPECT_TRUE(server.metric_becomes("http_requests_total", "code=\"499\"", 1));
}

// The client disconnects during a response. Either the read or the write notices it first.
TEST(AClientThatHasGone, IsCountedAs499AfterFailedWrite) {
  constexpr int clients = 200;
  ServerProcess server({"--request-timeout", "60s", "--body-timeout", "60s"});
  for (int i = 0; i < clients; ++i) {
    RawClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhello");
  }
  EXPECT_TRUE(server.metric_becomes("http_requests_total", "route=\"/echo\"", clients));
  EXPECT_EQ(server.metric("http_requests_total", "code=\"499\""), clients);
  EXPECT_TRUE(server.metric_becomes("leash_contexts_done_total", "cause=\"disconnected\"", clients));
}

// The kernel reports the end, so many such connections cost nothing while they wait.
TEST(AClientThatHasGone, IsNotPolledWhileBuffersAreFull) {
  ServerProcess server({"--request-timeout", "60s", "--threads", "1"});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->send(get("/demo?pattern=send&latency=50s") + std::string(100'000, 'x'));
  }
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 50));
  const double before = server.cpu_seconds();
  EXPECT_EQ(clients[0]->receive_all(500ms), "");
  EXPECT_LT(server.cpu_seconds() - before, 0.25);
  for (int i = 0; i < 25; ++i) clients[static_cast<std::size_t>(i)]->close();
  EXPECT_TRUE(server.metric_becomes("http_requests_in_flight", "", 25));
  clients.clear();
  EXPECT_TRUE(server.metric_becomes("http_requests_in_flight", "", 0));
}

// --- what was complete before a half-close ---

std::string answers_after_half_close(const ServerProcess& server, const std::string& bytes) {
  RawClient client(server.port());
  client.send(bytes);
  client.shutdown_sending();
  return client.receive_all();
}

TEST(HalfClose, StillAnswersRequestsWithoutWaiting) {
  ServerProcess server;
  const std::string echo = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  for (const std::string& bytes : {get("/healthz"), get("/nowhere"), echo, get("/backend?latency=0"),
                                   get("/healthz") + echo + get("/")}) {
    const auto seen = support::read_strictly(answers_after_half_close(server, bytes));
    EXPECT_EQ(seen.fault, "");
    const std::size_t requests = bytes.find("\r\n\r\nhelloGET") == std::string::npos ? 1 : 3;
    EXPECT_EQ(seen.responses.size(), requests) << bytes;
  }
}

TEST(HalfClose, StillAnswersPipelineLongerThanBuffer) {
  ServerProcess server;
  std::string pipeline;
  for (int i = 0; i < 2500; ++i) pipeline += get("/healthz");
  const auto seen = support::read_strictly(answers_after_half_close(server, pipeline));
  EXPECT_EQ(seen.fault, "");
  EXPECT_EQ(seen.responses.size(), 2500u);
}

TEST(HalfClose, CancelsWaitingRequests) {
  ServerProcess server({"--request-timeout", "60s"});
  EXPECT_EQ(answers_after_half_close(server, get("/demo?pattern=send&latency=50s")), "");
  const auto seen = support::read_strictly(answers_after_half_close(
      server, get("/healthz") + get("/demo?pattern=send&latency=50s") + get("/healthz")));
  EXPECT_EQ(seen.fault, "");
  EXPECT_EQ(seen.responses.size(), 1u) << "nothing can be answered behind what is not";
}

TEST(HalfClose, CanBeAllowed) {
  ServerProcess server({"--half-close", "allow"});
  std::string pipeline = get("/backend?latency=100ms&payload=3");
  for (int i = 0; i < 2500; ++i) pipeline += get("/healthz");
  pipeline += get("/backend?latency=1ms&payload=4");
  const auto seen = support::read_strictly(answers_after_half_close(server, pipeline));
  EXPECT_EQ(seen.fault, "");
  ASSERT_EQ(seen.responses.size(), 2502u);
  EXPECT_EQ(seen.responses.front().body, "xxx\n");
  EXPECT_EQ(seen.responses.back().body, "xxxx\n");
}

TEST(HalfClose, ResetCancelsDespiteAllowedHalfClose) {
  ServerProcess server({"--half-close", "allow", "--request-timeout", "60s"});
  RawClient client(server.port());
  client.send(get("/demo?pattern=send&latency=50s"));
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  client.shutdown_sending();
  client.reset();
  EXPECT_TRUE(server.metric_becomes("http_requests_total", "code=\"499\"", 1));
}

TEST(AClientThatHasGone, CausesNoUncancelableWait) {
  const ServerProcess server;
  for (int i = 0; i < 3; ++i) {
    RawClient client(server.port());
    client.send("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(client.receive_reply().status, 200);
    client.shutdown_sending();
    EXPECT_TRUE(client.closed_by_server());
  }
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 0));
  EXPECT_EQ(server.metric("leash_task_uncancellable_waits_total"), 0);
}

}  // namespace
