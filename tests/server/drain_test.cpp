// SPDX-License-Identifier: BSL-1.0
// SIGTERM and the end of the server.

#include "server/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/loops.hpp"
#include "server/log.hpp"
#include "server/options.hpp"
#include "tests/support/server_process.hpp"

namespace {

using namespace std::chrono_literals;
using support::RawClient;
using support::ServerProcess;

TEST(Drain, FinishesTheRequestInFlightAndExitsWithZero) {
  ServerProcess server;
  RawClient client(server.port());
  client.send("GET /backend?latency=300ms&payload=4 HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  server.signal(SIGTERM);
  const auto reply = client.receive_reply();
  EXPECT_EQ(reply.body, "xxxx\n");
  EXPECT_NE(reply.head.find("Connection: close"), std::string::npos) << reply.head;
  EXPECT_EQ(server.wait(), 0);
}

TEST(Drain, WithoutALimitWaitsForTheRequestInFlight) {
  ServerProcess server({"--drain-timeout", "2562047h"});  // the longest there is
  RawClient client(server.port());
  client.send("GET /backend?latency=1500ms HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  server.signal(SIGTERM);
  EXPECT_EQ(client.receive_reply().status, 200);
  EXPECT_EQ(server.wait(), 0);
}

TEST(Drain, FailsReadinessButStaysAlive) {
  ServerProcess server({"--drain-delay", "2s"});
  RawClient client(server.port());
  client.send("GET /readyz HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.receive_reply().status, 200);
  server.signal(SIGINT);
  EXPECT_TRUE(support::eventually([&] { return server.get("/readyz").status == 503; }));
  EXPECT_EQ(server.get("/healthz").status, 200);
  EXPECT_EQ(server.wait(), 0);
}

TEST(Drain, AnswersRequestOutlivingTimeoutWith503) {
  ServerProcess server({"--drain-timeout", "100ms", "--request-timeout", "60s"});
  RawClient client(server.port());
  client.send("GET /demo?pattern=receive&latency=50s HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_TRUE(server.metric_becomes("http_requests_in_flight", "", 1));
  server.signal(SIGTERM);
  const auto reply = client.receive_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_NE(reply.body.find("\"cause\":\"shutdown\""), std::string::npos) << reply.body;
  EXPECT_EQ(server.wait(), 0);
}

TEST(Drain, ClosesIdleConnections) {
  ServerProcess server;
  RawClient client(server.port());
  client.send("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.receive_reply().status, 200);
  server.signal(SIGTERM);
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_EQ(server.wait(), 0);
}

TEST(Drain, NamesRemainingTasksAndExitsWithThree) {
  ServerProcess server({"--mode", "leaky"});
  EXPECT_EQ(server.get("/demo?pattern=send&fanout=3&latency=1ms").status, 200);
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms").status, 200);
  EXPECT_EQ(server.stop(), 3);
  const std::string log = server.log();
  EXPECT_NE(log.find("drain report: 3 tasks left"), std::string::npos) << log;
  EXPECT_NE(log.find("[chan send"), std::string::npos) << log;
  EXPECT_NE(log.find("replica_leaky        server/patterns/send.cpp:"), std::string::npos) << log;
  EXPECT_NE(log.find("started at               server/patterns/receive.cpp:"), std::string::npos) << log;
}

TEST(Drain, NamesOutlivedContexts) {
  ServerProcess server({"--mode", "leaky"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.get("/demo?pattern=timer&latency=1ms").status, 200);
  ASSERT_TRUE(server.metric_becomes("leash_contexts_outlived", "site=\"server/patterns/timer.cpp:", 3));
  EXPECT_EQ(server.stop(), 3);
  const std::string log = server.log();
  EXPECT_NE(log.find("drain report: 0 tasks left, 3 contexts outlived, 0 leaked tasks reaped"),
            std::string::npos)
      << log;
  EXPECT_NE(log.find("3 contexts [deadline in "), std::string::npos) << log;
  EXPECT_NE(log.find("made at                  server/patterns/timer.cpp:"), std::string::npos) << log;
  EXPECT_NE(log.find("event=\"contexts have outlived their requests\" site=server/patterns/timer.cpp:"),
            std::string::npos)
      << log;
}

TEST(Drain, ExitsWithThreeAfterReapedLeaks) {
  ServerProcess server({"--mode", "leaky"});
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=1ms").status, 200);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_leaked", "", 1));
  EXPECT_EQ(server.admin("POST", "/debug/reap").status, 200);
  ASSERT_TRUE(server.metric_becomes("leash_tasks_live", "role=\"request\"", 0));
  EXPECT_EQ(server.stop(), 3);
  const std::string log = server.log();
  EXPECT_NE(log.find("tasks_left=0 leaked=0 outlived=0 reaped=1"), std::string::npos) << log;
  EXPECT_NE(log.find("0 tasks left, 0 contexts outlived, 1 leaked task reaped"), std::string::npos) << log;
}

leash::Task<> drain_and_block() {
  ::kill(::getpid(), SIGTERM);
  for (;;) ::pause();
  co_return;
}
leash::Task<> wait_for_ever() {
  leash::Channel<int> silent;
  (void)co_await silent.receive();
}

[[noreturn]] void serve_with_a_blocked_loop() {
  server::open_log(server::LogLevel::info, server::LogFormat::text);
  server::Options options;
  options.port = options.admin_port = 0;
  options.threads = 3;
  options.drain_timeout = 100ms;
  const auto server = server::Server::open(options);
  for (const leash::RemoteLoop& loop : leash::all_loops()) {
    (void)loop.post([](leash::LoopBase& here) {
      if (here.name() == "worker 1") leash::go(here.background(), drain_and_block(), "blocks");
      if (here.name() == "worker 2") leash::go(here.background(), wait_for_ever(), "forgotten");
    });
  }
  std::exit((*server)->run());
}

TEST(Drain, NamesTheTaskThatBlocksALoopAndEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  using testing::AllOf;
  using testing::ContainsRegex;
  EXPECT_EXIT(
      serve_with_a_blocked_loop(), testing::ExitedWithCode(server::Server::leaked),
      AllOf(ContainsRegex("\ndrain report: [2-9] tasks left, 0 contexts outlived, 0 leaked tasks reaped\n"),
            // The loop may have answered once before it was blocked.
            ContainsRegex(" task=\"[0-9]+ blocks\" [^\n]* "
                          "stack=\"(unknown: the loop has never answered|[^\"\n]* < [^\"\n]*)\""),
            ContainsRegex("\nloop \"worker 1\" does not answer\n"
                          "task [0-9]+ \\[running in loop \"worker 1\"\\] \"blocks\" [^\n]*\n"
                          "    drain_and_block +tests/server/drain_test.cpp:[0-9]+\n"
                          "started at +tests/server/drain_test.cpp:[0-9]+ by "),
            ContainsRegex("\ntask [0-9]+ \\[chan receive, [^\n]* \"forgotten\" "),
            ContainsRegex(
                "event=\"a loop does not return; the process ends without it\" loop=\"worker 1\"\n")));
}

#ifndef LEASH_SANITIZED  // the sanitizers need memory themselves
TEST(Drain, EndsWithoutMemory) {
  ServerProcess server({"--mode", "leaky", "--leak-limit", "0", "--threads", "1"});
  EXPECT_EQ(server.get("/demo?pattern=receive&latency=0").status,
            200);  // allocates the memory that a thread needs only once
  server.leave_no_memory();
  std::string requests;
  for (int i = 0; i < 100; ++i)
    requests += "GET /demo?pattern=receive&latency=0 HTTP/1.1\r\nHost: test\r\n\r\n";
  const auto is_out_of_memory = [&] { return server.log().find("std::bad_alloc") != std::string::npos; };
  for (int i = 0; i < 5000 && !is_out_of_memory(); ++i) {
    RawClient client(server.port());
    client.send(requests);
    client.shutdown_sending();
    (void)client.receive_all();
  }
  EXPECT_TRUE(is_out_of_memory());
  EXPECT_EQ(server.stop(), 3);  // lines of the log may be missing for lack of memory
}
#endif

TEST(Drain, ASecondSignalEndsItAtOnce) {
  ServerProcess server({"--drain-delay", "60s"});
  server.signal(SIGTERM);
  ASSERT_TRUE(support::eventually([&] { return server.get("/readyz").status == 503; }));
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 128 + SIGTERM);
}

}  // namespace
