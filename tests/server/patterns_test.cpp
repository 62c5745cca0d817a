// SPDX-License-Identifier: BSL-1.0
#include "server/patterns/pattern.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "tests/support/server_process.hpp"

namespace {

using support::run_command;
using support::ServerProcess;

// The number of tasks that a request of each pattern leaves in leaky mode.
struct Leaves {
  const char* query;
  int tasks;
  int contexts;
  const char* wait;
  int descriptors = 0;
};

class Patterns : public testing::TestWithParam<Leaves> {
 protected:
  // Uses another client than ours.
  static void send_requests(const ServerProcess& server, const std::string& query, int count) {
    const auto ab =
        run_command({"ab", "-q", "-n", std::to_string(count), "-c", "8", server.url("/demo?" + query)});
    ASSERT_EQ(ab.status, 0) << ab.err;
    ASSERT_NE(ab.out.find("Complete requests:      " + std::to_string(count)), std::string::npos) << ab.out;
    ASSERT_EQ(ab.out.find("Non-2xx"), std::string::npos) << ab.out;
  }
};

constexpr int requests = 48;

TEST_P(Patterns, LeakyLeavesExactlyItsTableEntry) {
  const Leaves& leaves = GetParam();
  ServerProcess server({"--mode", "leaky", "--threads", "2", "--leak-payload", "1KiB"});
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 0));
  const double contexts = server.metric("leash_contexts_live");
  const double timers = server.metric("leash_timers_armed");
  const double descriptors = server.metric("process_open_fds");
  send_requests(server, leaves.query, requests);
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 0));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_leaked", leaves.wait, requests * leaves.tasks));
  EXPECT_EQ(server.metric("leash_tasks_live", "role=\"request\""), requests * leaves.tasks);
  EXPECT_EQ(server.metric("leash_task_leaks_total"), requests * leaves.tasks);
  EXPECT_EQ(server.metric("leash_contexts_live"), contexts + requests * leaves.contexts);
  const bool sleeps = std::string_view(leaves.wait).find("sleep") != std::string_view::npos;
  EXPECT_EQ(server.metric("leash_timers_armed"), timers + requests * (leaves.contexts + (sleeps ? 1 : 0)));
  EXPECT_TRUE(server.metric_becomes("process_open_fds", "", descriptors + requests * leaves.descriptors));
  EXPECT_EQ(server.stop(), leaves.tasks == 0 ? 0 : 3);
}

TEST_P(Patterns, FixedLeavesNothing) {
  ServerProcess server({"--mode", "fixed", "--threads", "2"});
  ASSERT_TRUE(server.metric_becomes("http_connections", "", 0));
  const double contexts = server.metric("leash_contexts_live") + server.metric("leash_contexts_held");
  const double descriptors = server.metric("process_open_fds");
  send_requests(server, GetParam().query, requests);
  EXPECT_TRUE(server.metric_becomes("http_connections", "", 0));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
  EXPECT_EQ(server.metric("leash_contexts_live") + server.metric("leash_contexts_held"), contexts);
  EXPECT_TRUE(server.metric_becomes("leash_timers_armed", "", 0));
  EXPECT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 0));
  EXPECT_TRUE(server.metric_becomes("process_open_fds", "", descriptors));
  EXPECT_EQ(server.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Patterns,
    testing::Values(Leaves{"pattern=receive&latency=1ms", 1, 0, "wait=\"chan receive\""},
                    Leaves{"pattern=send&latency=1ms", 2, 0, "wait=\"chan send\""},
                    Leaves{"pattern=send&latency=1ms&fanout=5", 4, 0, "wait=\"chan send\""},
                    Leaves{"pattern=poller&latency=1ms", 1, 0, "wait=\"sleep\""},
                    Leaves{"pattern=error&latency=1ms", 1, 0, "wait=\"chan receive\""},
                    Leaves{"pattern=timer&latency=1ms", 0, 1, "wait="},
                    // Both ends of a call to the hung upstream are in this process.
                    Leaves{"pattern=upstream&latency=1ms", 1, 0, "wait=\"read\"", 2},
                    Leaves{"pattern=wait_group&latency=1ms", 1, 0, "wait=\"wait group\""}));

TEST(MixedPattern, TakesThePatternsInTurn) {
  ServerProcess server({"--mode", "leaky", "--threads", "1", "--leak-payload", "1KiB"});
  support::RawClient client(server.port());
  std::string order;
  for (int i = 0; i < 14; ++i) {
    client.send("GET /demo?latency=1ms HTTP/1.1\r\nHost: test\r\n\r\n");
    order += nlohmann::json::parse(client.receive_reply().body)["pattern"].get<std::string>() + " ";
  }
  const std::string once = "receive send poller error timer upstream wait_group ";
  EXPECT_EQ(order, once + once);
}

TEST(Demo, RepliesWithItsTally) {
  ServerProcess server;
  const auto fixed = nlohmann::json::parse(server.get("/demo?pattern=send&fanout=4&latency=1ms").body);
  EXPECT_EQ(fixed["pattern"], "send");
  EXPECT_EQ(fixed["mode"], "fixed");
  EXPECT_EQ(fixed["started"], 4);
  EXPECT_EQ(fixed["joined"], 4);
  EXPECT_EQ(fixed["left"], 0);
  EXPECT_GE(fixed["elapsed_ms"].get<double>(), 1.0);
  const auto leaky =
      nlohmann::json::parse(server.get("/demo?pattern=send&fanout=4&latency=1ms&mode=leaky").body);
  EXPECT_EQ(leaky["joined"], 1);
  EXPECT_EQ(leaky["left"], 3);
}

TEST(Demo, RefusesUnknownOrOutOfRangeParameters) {
  ServerProcess server;
  for (const char* query :
       {"pattern=nope", "mode=nope", "fanout=0", "fanout=65", "fanout=x", "latency=61s", "latency=fast",
        "payload=1TiB", "color=red", "latency=1ms&latency=2ms", "pattern=%zz"}) {
    const auto reply = server.get(std::string("/demo?") + query);
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_NE(reply.head.find("application/problem+json"), std::string::npos) << query;
  }
}

TEST(LeakLimit, RefusesLeakyRequestsAboveItAndServesFixedOnes) {
  ServerProcess server({"--mode", "leaky", "--leak-limit", "1KiB"});
#ifndef LEASH_SANITIZED  // the sanitizers' allocator does not report the memory in use
  ASSERT_TRUE(server.metric_becomes("leash_leak_limit_reached", "", 1));
#endif
  const auto refused = server.get("/demo?pattern=receive&latency=1ms");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms&mode=fixed").status, 200);
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
