// SPDX-License-Identifier: BSL-1.0
// The limits of sizes and times: each limit exactly reached, and exceeded.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/options.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/strict_response.hpp"

namespace {

using namespace std::chrono_literals;
using support::RawClient;
using support::ServerProcess;
using support::StrictResponse;

constexpr const char* small_request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

// The only response to these bytes on a new connection. A refusal must close the connection.
StrictResponse only_response(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  if (bytes.find("Connection: close") == std::string_view::npos) client.send(small_request);
  const auto seen = support::read_strictly(client.receive_all());
  EXPECT_EQ(seen.fault, "");
  EXPECT_EQ(seen.responses.size(), 1u);
  return seen.responses.empty() ? StrictResponse() : seen.responses[0];
}

// A request with exactly this many bytes in its request line, or in its head.
std::string with_request_line(std::size_t bytes) {
  const std::string frame = "GET /healthz? HTTP/1.1";
  return "GET /healthz?" + std::string(bytes - frame.size(), 'x') +
         " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}
std::string with_head(std::size_t bytes) {
  const std::string frame = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \r\n\r\n";
  return "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " +
         std::string(bytes - frame.size(), 'x') + "\r\n\r\n";
}
std::string with_fields(int count) {
  std::string fields;
  for (int i = 2; i < count; ++i) fields += "X: " + std::to_string(i) + "\r\n";
  return "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n";
}
std::string with_body(std::size_t bytes) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + std::to_string(bytes) +
         "\r\n\r\n" + std::string(bytes, 'b');
}
// To the admin port, which reads the whole body before it answers.
std::string with_chunks(std::size_t bytes) {
  std::string body;
  for (std::size_t i = 0; i < bytes; ++i) body += "1\r\nb\r\n";
  return "PUT /mode HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" +
         body + "0\r\n\r\n";
}

TEST(Limits, OfTheRequestLine) {
  const ServerProcess server({"--max-request-line", "200"});
  EXPECT_EQ(only_response(server.port(), with_request_line(200)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_request_line(201)).status, 414);
  EXPECT_EQ(only_response(server.port(), "GET /" + std::string(300, 'a')).status, 414)
      << "its end is not waited for";
}

TEST(Limits, OfTheHead) {
  const ServerProcess server({"--max-head", "500", "--max-fields", "6"});
  EXPECT_EQ(only_response(server.port(), with_head(500)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_head(501)).status, 431);
  EXPECT_EQ(only_response(server.port(), with_fields(6)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_fields(7)).status, 431);
}

TEST(Limits, OfTheHeadAreThoseOfTheDesignUnlessToldOtherwise) {
  const ServerProcess server;
  EXPECT_EQ(only_response(server.port(), with_request_line(8 * 1024)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_request_line(8 * 1024 + 1)).status, 414);
  EXPECT_EQ(only_response(server.port(), with_head(16 * 1024)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_head(16 * 1024 + 1)).status, 431);
  EXPECT_EQ(only_response(server.port(), with_fields(100)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_fields(101)).status, 431);
  EXPECT_EQ(only_response(server.port(), with_body(1024 * 1024)).status, 200);
  EXPECT_EQ(only_response(server.port(), with_body(1024 * 1024 + 1)).status, 413);
}

TEST(Limits, OfTheBody) {
  const ServerProcess server({"--max-body", "10"});
  EXPECT_EQ(only_response(server.port(), with_body(10)).body, "bbbbbbbbbb");
  EXPECT_EQ(only_response(server.port(), with_body(11)).status, 413);
  EXPECT_EQ(only_response(server.admin_port(), with_chunks(10)).status, 400) << "it was read, and is no mode";
  EXPECT_EQ(only_response(server.admin_port(), with_chunks(11)).status, 413);
}

// --- time ---

// Sends a piece repeatedly until the server has closed, or all pieces were sent.
std::string drip(RawClient& client, std::string_view piece, int times) {
  std::string seen;
  for (int i = 0; i < times && !client.at_end(); ++i) {
    client.send(piece);
    seen += client.receive_all(5ms);
  }
  return seen;
}

TEST(Limits, OfTheTimeForAHead) {
  const ServerProcess server({"--header-timeout", "100ms"});
  RawClient silent(server.port());
  silent.send("GET /healthz HTTP/1.1\r\nHo");
  EXPECT_EQ(silent.receive_reply().status, 408);
  EXPECT_TRUE(silent.closed_by_server());

  RawClient dripping(server.port());
  dripping.send("GET /healthz HTTP/1.1\r\nX: ");
  const auto seen = support::read_strictly(drip(dripping, "x", 2000));
  EXPECT_EQ(seen.fault, "");
  ASSERT_EQ(seen.responses.size(), 1u) << "bytes that trickle in do not prolong it";
  EXPECT_EQ(seen.responses[0].status, 408);
}

TEST(Limits, OfTheTimeForAHeadSpareASlowClient) {
  const ServerProcess server({"--header-timeout", "60s", "--idle-timeout", "100ms"});
  RawClient client(server.port());
  client.send("GET /healthz HTTP/1.1\r\nX: ");
  EXPECT_EQ(drip(client, "x", 40), "") << "longer than a connection may be idle";
  client.send("\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive_reply().status, 200);
}

TEST(Limits, OfTheTimeBetweenTwoPiecesOfABody) {
  const ServerProcess server({"--body-timeout", "100ms", "--request-timeout", "60s"});
  RawClient silent(server.admin_port());
  silent.send("PUT /mode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{\"mode\"");
  EXPECT_EQ(silent.receive_reply().status, 408);
  EXPECT_TRUE(silent.closed_by_server());
}

TEST(Limits, OfTheTimeForABodyAreNotReachedWhileItComes) {
  const ServerProcess server(
      {"--body-timeout", "10s", "--request-timeout", "60s", "--header-timeout", "100ms"});
  RawClient client(server.admin_port());
  client.send("PUT /mode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 57\r\n\r\n{\"mode\":\"fixed\"}");
  EXPECT_EQ(drip(client, " ", 40), "") << "longer than a head may take";
  client.send(" ");
  EXPECT_EQ(client.receive_reply().status, 200);
}

TEST(Limits, OfIdleTimeCloseConnection) {
  const ServerProcess server({"--idle-timeout", "100ms"});
  RawClient fresh(server.port());
  EXPECT_EQ(fresh.receive_all(), "") << "there is nothing to answer";
  EXPECT_TRUE(fresh.closed_by_server());

  RawClient used(server.port());
  used.send(small_request);
  EXPECT_EQ(used.receive_reply().status, 200);
  EXPECT_TRUE(used.closed_by_server());

  RawClient dripping(server.port());
  EXPECT_EQ(drip(dripping, "\r\n", 2000), "");
  EXPECT_TRUE(dripping.at_end()) << "empty lines are no request, and do not prolong it";
}

// A response that is larger than the buffers of both ends.
constexpr const char* large_request = "GET /backend?latency=0&payload=1048576 HTTP/1.1\r\nHost: a\r\n\r\n";
std::string many(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Limits, OfTheTimeWithoutProgressWhileWriting) {
  const ServerProcess server({"--write-timeout", "100ms", "--request-timeout", "60s"});
  RawClient client(server.port());
  client.send(many(large_request, 16));
  EXPECT_TRUE(server.metric_becomes("http_connections_total", "", 1));
  EXPECT_TRUE(server.metric_becomes("http_connections", "", 0)) << "a client that takes nothing";
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
}

TEST(Limits, OfTheTimeWithoutProgressAreNotReachedByASlowReader) {
  const ServerProcess server({"--write-timeout", "10s", "--request-timeout", "60s", "--header-timeout",
                              "10ms", "--body-timeout", "10ms", "--idle-timeout", "10ms"});
  RawClient client(server.port());
  client.send(many(large_request, 16));
  for (int i = 0; i < 16; ++i) {
    // Another request. (Its answer does not matter, because these timeouts may be too short on a busy machine.)
    for (int j = 0; j < 5; ++j) (void)server.get("/healthz");
    ASSERT_EQ(client.receive_reply().body.size(), 1048577u) << i;
  }
  EXPECT_TRUE(client.closed_by_server());
}

// --- how much at once ---

TEST(Limits, OfTheRequestsInFlight) {
  const ServerProcess server({"--max-in-flight", "2", "--threads", "1", "--request-timeout", "60s"});
  const std::string slow = "GET /backend?latency=50s HTTP/1.1\r\nHost: a\r\n\r\n";
  RawClient first(server.port());
  RawClient second(server.port());
  first.send(slow);
  second.send(slow);
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 2));

  RawClient third(server.port());
  third.send("GET /backend?latency=0 HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto refused = third.receive_reply();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos) << refused.head;
  EXPECT_NE(refused.body.find("\"cause\":\"overload\""), std::string::npos) << refused.body;
  EXPECT_EQ(server.get("/healthz").status, 200) << "a probe does not wait, and is told the truth";

  second.reset();
  EXPECT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  third.send("GET /backend?latency=0 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(third.receive_reply().status, 200) << "on the same connection";
}

TEST(Limits, RequestsInFlightIsAtLeastOnePerLoop) {
  const ServerProcess server({"--max-in-flight", "1", "--threads", "2"});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(server.get("/backend?latency=0").status, 200);
}

constexpr const char* slow_request = "GET /backend?latency=50s HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Limits, OfConnectionsPauseAcceptingAndItGoesOn) {
  const ServerProcess server({"--max-connections", "2", "--request-timeout", "60s"});
  RawClient first(server.port());
  auto second = std::make_unique<RawClient>(server.port());
  first.send(slow_request);
  second->send(slow_request);
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 2));
  RawClient third(server.port());
  third.send(small_request);
  EXPECT_EQ(third.receive_all(100ms), "") << "those that are served are not cut off";
  second.reset();
  EXPECT_EQ(third.receive_reply().status, 200);
  EXPECT_EQ(server.metric("http_connections_evicted_total"), 0);
}

TEST(Limits, OfConnectionsEndTheLongestIdleOne) {
  ServerProcess server({"--max-connections", "3", "--request-timeout", "60s", "--threads", "1"});
  RawClient busy(server.port());
  busy.send(slow_request);
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  RawClient silent(server.port());
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 2));
  RawClient used(server.port());
  used.send(small_request);
  ASSERT_EQ(used.receive_reply().status, 200);

  RawClient fourth(server.port());
  fourth.send(small_request);
  EXPECT_EQ(fourth.receive_reply().status, 200);
  EXPECT_TRUE(silent.closed_by_server());
  RawClient fifth(server.port());
  fifth.send(small_request);
  EXPECT_EQ(fifth.receive_reply().status, 200);
  EXPECT_TRUE(used.closed_by_server());
  EXPECT_TRUE(server.metric_becomes("http_connections_evicted_total", "", 2));
  EXPECT_EQ(server.metric("http_requests_in_flight"), 1) << "the busy one is as it was";
  busy.reset();
  EXPECT_EQ(server.stop(), 0);
  EXPECT_NE(server.log().find("event=\"idle connections are closed for new ones\""), std::string::npos);
}

TEST(Limits, OfConnectionsEndSlowHeads) {
  const ServerProcess server({"--max-connections", "2"});
  RawClient first(server.port());
  RawClient second(server.port());
  first.send("GET /healthz HT");
  second.send("GET /healthz HT");
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 2));
  RawClient third(server.port());
  third.send(small_request);
  EXPECT_EQ(third.receive_reply().status, 200);
}

TEST(Limits, OfConnectionsLockNoClientOut) {
  const ServerProcess server({"--max-connections", "100"});
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 150; ++i) silent.push_back(std::make_unique<RawClient>(server.port()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server.get("/healthz").status, 200);
}

TEST(Limits, OfTheTimeUntilTheFirstByte) {
  const ServerProcess server({"--first-byte-timeout", "100ms"});
  std::unique_ptr<RawClient> used;
  ASSERT_TRUE(support::eventually([&] {  // this test may be too slow itself
    used = std::make_unique<RawClient>(server.port());
    used->send(small_request);
    return used->receive_reply().status == 200;
  }));
  RawClient silent(server.port());
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_TRUE(silent.closed_by_server());
  used->send(small_request);
  EXPECT_EQ(used->receive_reply().status, 200) << "it is of new connections alone";
}

TEST(Limits, OfFileDescriptorsPauseAcceptingAndItGoesOn) {
  ServerProcess server({"--request-timeout", "60s"});
  RawClient first(server.port());
  first.send(small_request);
  ASSERT_EQ(first.receive_reply().status, 200);
  server.leave_descriptors(1);
  RawClient second(server.port());
  second.send(small_request);
  EXPECT_EQ(second.receive_reply().status, 200) << "one is left";

  const std::string until_closed = "GET /backend?latency=50s HTTP/1.1\r\nHost: a\r\n\r\n";
  first.send(until_closed);
  second.send(until_closed);
  EXPECT_EQ(first.receive_all(100ms), "") << "they are served now, and not idle";
  RawClient third(server.port());
  third.send(small_request);
  const double before = server.cpu_seconds();
  EXPECT_EQ(third.receive_all(500ms), "");
  EXPECT_LT(server.cpu_seconds() - before, 0.25) << "it spins";

  second.reset();
  EXPECT_EQ(third.receive_reply().status, 200) << "a descriptor was free again";
  third.send(until_closed);
  EXPECT_EQ(third.receive_all(100ms), "");
  RawClient fourth(server.port());
  fourth.send(small_request);
  EXPECT_EQ(fourth.receive_all(100ms), "");
  server.leave_descriptors(100);
  EXPECT_EQ(fourth.receive_reply().status, 200) << "more are allowed";
  EXPECT_EQ(server.stop(), 0);
  EXPECT_NE(server.log().find("event=\"accepting pauses\" error=\"Too many open files\""), std::string::npos);
}

}  // namespace
