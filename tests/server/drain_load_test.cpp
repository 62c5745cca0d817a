// SPDX-License-Identifier: BSL-1.0
// SIGTERM under full load: each request that the server has accepted is answered, and each other request can safely
// be sent again.

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/server_process.hpp"
#include "tests/support/strict_response.hpp"

namespace {

using namespace std::chrono_literals;
using support::RawClient;
using support::ServerProcess;

// The outcomes of a client's requests.
struct Tally {
  std::uint64_t answered = 0;
  std::uint64_t refused =
      0;  // the connection ended before any byte of a response, or behind "Connection: close"
  std::uint64_t lost = 0;  // the connection ended in the middle of a response
};

// Sends `depth` requests at once, and again when they are answered, until the server does not listen any more.
Tally drive(std::uint16_t port, int depth, std::atomic<std::uint64_t>& answered) {
  const std::string request = "GET /backend?latency=1ms&payload=2000 HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string batch;
  for (int i = 0; i < depth; ++i) batch += request;
  Tally tally;
  for (;;) {
    const auto client = RawClient::connect(port);
    if (!client) return tally;
    bool stays = true;
    while (stays) {
      client->send(batch);
      for (int i = 0; i < depth; ++i) {
        const auto reply = stays ? client->receive_reply() : support::HttpReply();
        if (reply.status == 200 && reply.body.size() == 2001) {
          ++tally.answered;
          answered.fetch_add(1);
          stays = reply.head.find("Connection: close\r\n") == std::string::npos;
        } else {
          ++(client->has_bytes() || reply.status != 0 ? tally.lost : tally.refused);
          stays = false;
        }
      }
    }
  }
}

struct Setting {
  const char* name;
  int depth;
  std::vector<std::string> options;
};

class DrainUnderLoad : public testing::TestWithParam<Setting> {};

TEST_P(DrainUnderLoad, LosesNoRequest) {
  std::vector<std::string> options{"--log-level", "debug"};
  options.insert(options.end(), GetParam().options.begin(), GetParam().options.end());
  ServerProcess server(options);
  constexpr std::size_t clients = 16;
  std::atomic<std::uint64_t> answered{0};
  std::vector<Tally> tallies(clients);
  std::vector<std::thread> threads;
  for (Tally& tally : tallies) {
    threads.emplace_back([&] { tally = drive(server.port(), GetParam().depth, answered); });
  }
  EXPECT_TRUE(support::eventually([&] { return answered.load() > 500; }));
  server.signal(SIGTERM);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.wait(), 0);

  Tally sum;
  for (const Tally& tally : tallies) {
    sum.answered += tally.answered;
    sum.refused += tally.refused;
    sum.lost += tally.lost;
  }
  const std::string log = server.log();
  std::uint64_t served = 0;
  for (auto at = log.find("route=/backend status=200"); at != std::string::npos;
       at = log.find("route=/backend status=200", at + 1)) {
    ++served;
  }
  EXPECT_EQ(sum.lost, 0u);
  EXPECT_EQ(sum.answered, served) << "what the server took and what its clients were answered";
  RecordProperty("answered", static_cast<int>(sum.answered));
  RecordProperty("refused", static_cast<int>(sum.refused));
}

INSTANTIATE_TEST_SUITE_P(, DrainUnderLoad,
                         testing::Values(Setting{"OneAfterTheOther", 1, {}}, Setting{"Pipelined", 4, {}},
                                         Setting{"WithADelay", 1, {"--drain-delay", "200ms"}},
                                         Setting{"WithReusePort", 1, {"--accept", "reuseport"}}),
                         [](const auto& test) { return test.param.name; });

TEST(DrainQueue, ServesClientsWaitingForAcceptance) {
  ServerProcess server({"--max-connections", "1", "--request-timeout", "60s"});
  RawClient first(server.port());
  first.send("GET /backend?latency=300ms HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<RawClient>(server.port()));
    waiting.back()->send("GET /backend?latency=1ms HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  server.signal(SIGTERM);
  for (const auto& client : waiting) {
    const auto seen = support::read_strictly(client->receive_all());
    EXPECT_EQ(seen.fault, "");
    ASSERT_EQ(seen.responses.size(), 1u);
    EXPECT_EQ(seen.responses[0].status, 200);
    EXPECT_TRUE(seen.responses[0].closes());
  }
  EXPECT_EQ(first.receive_reply().status, 200);
  EXPECT_EQ(server.wait(), 0);
}

TEST(DrainQueue, ServesConnectedClientAfterListenerCloses) {
  ServerProcess server;
  RawClient client(server.port());
  server.signal(SIGTERM);
  ASSERT_TRUE(support::eventually([&] { return !RawClient::connect(server.port()); }));
  client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto seen = support::read_strictly(client.receive_all());
  EXPECT_EQ(seen.fault, "");
  ASSERT_EQ(seen.responses.size(), 1u);
  EXPECT_TRUE(seen.responses[0].closes());
  EXPECT_EQ(server.wait(), 0);
}

TEST(DrainQueue, LastPipelinedResponseAnnouncesClose) {
  ServerProcess server({"--request-timeout", "60s"});
  RawClient client(server.port());
  client.send(
      "GET /backend?latency=300ms HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /backend?latency=1ms HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  server.signal(SIGTERM);
  const auto seen = support::read_strictly(client.receive_all());
  EXPECT_EQ(seen.fault, "");
  ASSERT_EQ(seen.responses.size(), 3u);
  EXPECT_TRUE(seen.responses[2].closes());
  EXPECT_EQ(server.wait(), 0);
}

}  // namespace
