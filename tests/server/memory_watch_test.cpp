// SPDX-License-Identifier: BSL-1.0
#include "server/memory_watch.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/server_process.hpp"

namespace {

using server::MemoryWatch;
using server::usual_memory_budget;
using support::ServerProcess;

constexpr std::uint64_t mebibyte = 1024 * 1024;

TEST(MemoryWatch, BudgetsThreeQuartersOfWhatTheProcessMayHave) {
  EXPECT_EQ(usual_memory_budget(256 * mebibyte, 8192 * mebibyte), 192 * mebibyte);
  EXPECT_EQ(usual_memory_budget(4096 * mebibyte, 8192 * mebibyte), 3072 * mebibyte);
  EXPECT_EQ(usual_memory_budget(8192 * mebibyte, 8192 * mebibyte), 1024 * mebibyte) << "a shared machine";
  EXPECT_EQ(usual_memory_budget(512 * mebibyte, 512 * mebibyte), 384 * mebibyte) << "a small machine";
}

TEST(MemoryWatch, JudgesLeakyRequestsByMemoryInUse) {
  http::server::MemoryBudget requests;
  http::server::MemoryBudget admin;
  MemoryWatch watch(std::nullopt, 1024 * 1024 * mebibyte);
  watch.start(requests, admin);
  EXPECT_TRUE(watch.may_leak(mebibyte));
  EXPECT_FALSE(watch.may_leak(1024 * 1024 * mebibyte)) << "with what was granted before";
  EXPECT_TRUE(watch.leak_limit_reached());
  EXPECT_TRUE(watch.may_leak(mebibyte)) << "a smaller one has room";
  watch.start(requests, admin);
  EXPECT_FALSE(watch.leak_limit_reached()) << "the heap is far below it";
  MemoryWatch without(std::nullopt, 0);
  without.start(requests, admin);
  EXPECT_TRUE(without.may_leak(1024 * 1024 * mebibyte));
}

TEST(MemoryWatch, SharesTheBudgetWithTheAdminListener) {
  http::server::MemoryBudget requests;
  http::server::MemoryBudget admin;
  MemoryWatch watch(80 * mebibyte, 0);
  watch.start(requests, admin);
  EXPECT_EQ(requests.limit(), 70 * mebibyte);
  EXPECT_EQ(admin.limit(), 10 * mebibyte);
}

TEST(MemoryWatch, ExportsBudgetAndUse) {
  const ServerProcess server({"--memory-budget", "64MiB"});
  EXPECT_EQ(server.metric("leash_memory_budget_bytes"), 64 * mebibyte);
  EXPECT_GT(server.metric("leash_memory_in_use_bytes"), 0) << "its own connection";
}

TEST(MemoryWatch, RefusesExcessiveSingleRequest) {
  const ServerProcess server;
  EXPECT_EQ(server.get("/demo?pattern=send&fanout=64&payload=16MiB").status, 400);
  EXPECT_EQ(server.get("/demo?pattern=send&fanout=64&payload=64KiB&latency=0").status, 200);
  EXPECT_EQ(server.get("/demo?pattern=send&fanout=64&payload=65KiB&latency=0").status, 400);
}

TEST(MemoryWatch, RefusesRequestsAboveTheBudget) {
  const ServerProcess server({"--memory-budget", "8MiB", "--request-timeout", "60s"});
  const std::string held =
      "GET /demo?pattern=receive&fanout=1&payload=4MiB&latency=50s HTTP/1.1\r\nHost: a\r\n\r\n";
  support::RawClient first(server.port());
  first.send(held);
  EXPECT_TRUE(support::eventually([&] { return server.metric("leash_memory_in_use_bytes") > 4 * mebibyte; }));
  const auto refused = server.get("/demo?pattern=receive&fanout=1&payload=4MiB");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos) << refused.head;
  EXPECT_EQ(server.get("/demo?pattern=receive").status, 200) << "for less there is room";
  first.reset();
  EXPECT_TRUE(support::eventually(
      [&] { return server.get("/demo?pattern=receive&fanout=1&payload=4MiB&latency=0").status == 200; }));
}

#ifndef LEASH_SANITIZED  // the sanitizers' allocator does not report the memory in use
TEST(MemoryWatch, LeavesLeakedTasksToTheLeakLimit) {
  const ServerProcess server({"--mode", "leaky", "--memory-budget", "8MiB", "--leak-limit", "16MiB"});
  const auto leak = [&] { return server.get("/demo?pattern=receive&fanout=1&payload=4MiB&latency=0"); };
  EXPECT_EQ(leak().status, 200);
  EXPECT_EQ(leak().status, 200) << "the first request is over";
  EXPECT_TRUE(support::eventually([&] { return leak().status == 503; }));
  EXPECT_NE(leak().body.find("\"cause\":\"leak-limit\""), std::string::npos);
  EXPECT_TRUE(support::eventually([&] {
    (void)server.admin("POST", "/debug/reap");
    return leak().status == 200;
  })) << "what is freed counts no more";
}
#endif

}  // namespace
