// SPDX-License-Identifier: BSL-1.0
#include "http/server/listener.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/support/server_process.hpp"

namespace {

using http::server::Listener;
using support::run_command;
using support::ServerProcess;

TEST(Listener, PicksAFreePortAndKnowsItsUrl) {
  asio::io_context io;
  const auto v4 = Listener::open(io, "127.0.0.1", 0);
  ASSERT_TRUE(v4) << v4.error();
  EXPECT_NE(v4->port(), 0);
  EXPECT_EQ(v4->url(), "http://127.0.0.1:" + std::to_string(v4->port()));
  const auto v6 = Listener::open(io, "::1", 0);
  ASSERT_TRUE(v6) << v6.error();
  EXPECT_EQ(v6->url(), "http://[::1]:" + std::to_string(v6->port()));
}

TEST(Listener, ReusePortListenersShareAPort) {
  asio::io_context a;
  asio::io_context b;
  asio::io_context* const ios[] = {&a, &b};
  const auto listeners = Listener::open_one_each(ios, "127.0.0.1", 0);
  ASSERT_TRUE(listeners) << listeners.error();
  ASSERT_EQ(listeners->size(), 2u);
  EXPECT_EQ((*listeners)[0].port(), (*listeners)[1].port());
}

TEST(Listener, ReusePortRefusesPortOfAnotherServer) {
  asio::io_context io;
  asio::io_context* const ios[] = {&io};
  const auto first = Listener::open_one_each(ios, "127.0.0.1", 0);
  ASSERT_TRUE(first) << first.error();
  const auto second = Listener::open_one_each(ios, "127.0.0.1", first->front().port());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("Address already in use"), std::string::npos) << second.error();
  EXPECT_EQ(second.error().find('\n'), std::string::npos);
  EXPECT_FALSE(Listener::open(io, "127.0.0.1", first->front().port()));
}

TEST(ReusePort, ServesOnEveryLoop) {
  ServerProcess server({"--accept", "reuseport", "--threads", "4"});
  std::vector<std::unique_ptr<support::RawClient>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<support::RawClient>(server.port()));
    clients.back()->send(
        "GET /demo?pattern=send&latency=50s HTTP/1.1\r\nHost: a\r\nX-Request-Timeout-Ms: 50000\r\n\r\n");
    EXPECT_EQ(server.get("/healthz").status, 200);
  }
  EXPECT_TRUE(server.metric_becomes("http_connections", "", 64));
  clients.clear();
  EXPECT_EQ(server.stop(), 0);
}

TEST(ReusePort, ReportsPortInUseInOneLine) {
  for (const char* first : {"turns", "reuseport"}) {
    const ServerProcess running({"--accept", first});
    const auto second = run_command({LEASH_SERVER_BINARY, "--accept", "reuseport", "--admin-port", "0",
                                     "--port", std::to_string(running.port())});
    EXPECT_EQ(second.status, 2);
    EXPECT_EQ(std::count(second.err.begin(), second.err.end(), '\n'), 1) << second.err;
    EXPECT_NE(second.err.find("Address already in use"), std::string::npos) << second.err;
    EXPECT_EQ(second.out, "");
  }
}

TEST(ReusePort, PausesAtTheLimitOfAllLoopsTogether) {
  ServerProcess server(
      {"--accept", "reuseport", "--threads", "2", "--max-connections", "3", "--request-timeout", "60s"});
  std::vector<std::unique_ptr<support::RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<support::RawClient>(server.port()));
    clients.back()->send("GET /backend?latency=50s HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(server.metric_becomes("http_requests_in_flight", "", 3));
  support::RawClient fourth(server.port());
  fourth.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(fourth.receive_all(std::chrono::milliseconds(100)), "");
  clients.pop_back();
  EXPECT_EQ(fourth.receive_reply().status, 200);
}

}  // namespace
