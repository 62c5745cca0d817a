#include "server/connection.hpp"

#include <gtest/gtest.h>

#include "tests/support/server_process.hpp"

namespace {

using support::HttpReply;
using support::RawClient;
using support::ServerProcess;

std::string request(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

TEST(Connection, IsKeptForFurtherRequests) {
  ServerProcess server;
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(request("/healthz"));
    EXPECT_EQ(client.receive_reply().status, 200);
  }
  EXPECT_EQ(server.metric("http_connections_total"), 1);
}

TEST(Connection, AnswersPipelinedRequestsInTheirOrder) {
  ServerProcess server;
  RawClient client(server.port());
  client.send(request("/backend?latency=30ms&payload=1") + request("/healthz") + request("/nowhere") +
              request("/backend?latency=0&payload=2"));
  EXPECT_EQ(client.receive_reply().body, "x\n");
  EXPECT_EQ(client.receive_reply().body, "{\"status\":\"alive\"}\n");
  EXPECT_EQ(client.receive_reply().status, 404);
  EXPECT_EQ(client.receive_reply().body, "xx\n");
}

TEST(Connection, ReadsRequestsByteByByte) {
  ServerProcess server;
  RawClient client(server.port());
  for (const char c : request("/healthz")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.receive_reply().status, 200);
}

TEST(Connection, StreamsAnEchoOfASizedAndOfAChunkedBody) {
  ServerProcess server;
  RawClient client(server.port());
  const std::string body(100'000, 'b');
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  EXPECT_EQ(client.receive_reply().body, body);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  const std::string reply = client.receive_all();
  EXPECT_NE(reply.find("Transfer-Encoding: chunked"), std::string::npos) << reply;
  EXPECT_NE(reply.find("hello"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("0\r\n\r\n")) << reply;
}

TEST(Connection, SendsContinueOnlyWhenTheBodyIsWanted) {
  ServerProcess server;
  RawClient wanted(server.port());
  wanted.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(wanted.receive_reply().status, 100);
  wanted.send("hi");
  EXPECT_EQ(wanted.receive_reply().body, "hi");
  RawClient unwanted(server.port());
  unwanted.send("POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(unwanted.receive_reply().status, 404);
}

TEST(Connection, AMalformedRequestIsAnsweredWithAProblemAndClosed) {
  ServerProcess server;
  for (const char* bytes :
       {"NOT HTTP\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n"}) {
    RawClient client(server.port());
    client.send(std::string(bytes) + request("/healthz"));
    const HttpReply reply = client.receive_reply();
    EXPECT_EQ(reply.status, 400) << bytes;
    EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos) << reply.head;
    EXPECT_NE(reply.head.find("Connection: close"), std::string::npos) << reply.head;
    EXPECT_EQ(client.receive_all(), "") << "a second response after a framing error";
  }
}

TEST(Connection, KeepsToTheLimitsOfHeadAndBody) {
  ServerProcess server(
      {"--max-request-line", "200", "--max-head", "500", "--max-fields", "5", "--max-body", "10"});
  EXPECT_EQ(server.get("/" + std::string(250, 'a')).status, 414);
  EXPECT_EQ(server.get("/healthz", "X: " + std::string(600, 'b') + "\r\n").status, 431);
  EXPECT_EQ(server.get("/healthz", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n").status, 431);
  EXPECT_EQ(server.get("/healthz", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n").status, 200);
  RawClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(client.receive_reply().status, 413);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Connection, AHeadThatDoesNotEndIsTimedOutWith408) {
  ServerProcess server({"--header-timeout", "50ms"});
  RawClient client(server.port());
  client.send("GET /healthz HTTP/1.1\r\nHo");
  EXPECT_EQ(client.receive_reply().status, 408);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Connection, ABodyThatDoesNotComeIsTimedOutWith408) {
  ServerProcess server({"--body-timeout", "50ms"});
  RawClient client(server.port());
  client.send("POST /mode HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.receive_reply().status, 404) << "a body that nobody wants is not waited for";
  RawClient admin(server.admin_port());
  admin.send("PUT /mode HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(admin.receive_reply().status, 408);
}

TEST(Connection, IsClosedWhenItIsIdleForTooLong) {
  ServerProcess server({"--idle-timeout", "50ms"});
  RawClient client(server.port());
  client.send(request("/healthz"));
  EXPECT_EQ(client.receive_reply().status, 200);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Connection, AcceptingPausesAtTheLimitOfConnections) {
  ServerProcess server({"--max-connections", "2"});
  RawClient first(server.port());
  auto second = std::make_unique<RawClient>(server.port());
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 2));
  RawClient third(server.port());
  third.send(request("/healthz"));
  EXPECT_EQ(third.receive_all(std::chrono::milliseconds(100)), "");
  second.reset();
  EXPECT_EQ(third.receive_reply().status, 200);
}

TEST(RequestDeadline, IsAnsweredWith504WhenItPasses) {
  ServerProcess server({"--request-timeout", "30ms"});
  const HttpReply reply = server.get("/demo?pattern=send&latency=10s");
  EXPECT_EQ(reply.status, 504);
  EXPECT_NE(reply.head.find("X-Deadline-Expired: 1"), std::string::npos);
  EXPECT_NE(reply.body.find("\"cause\":\"deadline\""), std::string::npos);
  EXPECT_EQ(server.metric("http_deadline_exceeded_total", "route=\"/demo\""), 1);
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
}

TEST(RequestDeadline, IsTheSmallerOfTheServersAndTheCallers) {
  ServerProcess server;
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=10s", "X-Request-Timeout-Ms: 30\r\n").status, 504);
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms", "X-Request-Timeout-Ms: 1000\r\n").status, 200);
  EXPECT_EQ(server.get("/demo?pattern=receive", "X-Request-Timeout-Ms: 0\r\n").status, 504);
  EXPECT_EQ(server.get("/demo?pattern=receive", "X-Request-Timeout-Ms: -5\r\n").status, 400);
  EXPECT_EQ(
      server.get("/demo?pattern=receive", "X-Request-Timeout-Ms: 5\r\nX-Request-Timeout-Ms: 5\r\n").status,
      400);
}

TEST(RequestDeadline, LeavesTheConnectionForTheNextRequest) {
  ServerProcess server({"--request-timeout", "30ms"});
  RawClient client(server.port());
  client.send(request("/demo?pattern=loop&latency=10s") + request("/healthz"));
  EXPECT_EQ(client.receive_reply().status, 504);
  EXPECT_EQ(client.receive_reply().status, 200);
}

class ClientGone : public testing::TestWithParam<void (*)(RawClient&)> {};

TEST_P(ClientGone, EndsTheRequestWithCauseDisconnected) {
  ServerProcess server({"--request-timeout", "60s"});
  RawClient client(server.port());
  client.send(request("/demo?pattern=send&latency=50s"));
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  GetParam()(client);
  EXPECT_TRUE(server.metric_becomes("http_requests_total", "code=\"499\"", 1));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
  EXPECT_TRUE(server.metric_becomes("http_connections", "", 0));
  EXPECT_GE(server.metric("leash_contexts_done_total", "cause=\"disconnected\""), 1);
  EXPECT_EQ(server.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Ways, ClientGone,
                         testing::Values([](RawClient& c) { c.shutdown_sending(); },
                                         [](RawClient& c) { c.reset(); },
                                         [](RawClient& c) {  // also when more requests wait than are read
                                           c.send(std::string(200'000, 'x'));
                                           c.reset();
                                         }));

TEST(HalfClose, CanBeAllowed) {
  ServerProcess server({"--half-close", "allow"});
  RawClient client(server.port());
  client.send(request("/backend?latency=50ms&payload=3"));
  client.shutdown_sending();
  EXPECT_EQ(client.receive_reply().body, "xxx\n");
}

}  // namespace
