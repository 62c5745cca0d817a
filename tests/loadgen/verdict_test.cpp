// SPDX-License-Identifier: BSL-1.0
#include "loadgen/verdict.hpp"

#include <gtest/gtest.h>

namespace {

using loadgen::Evidence;
using loadgen::judge;
using loadgen::ServerObservation;
using loadgen::Verdict;

// A server with some tasks, contexts and timers of its own doing, before the load.
ServerObservation idle() {
  return {.at = {},
          .tasks = 2,
          .tasks_leaked = 1,
          .contexts = 5,
          .timers = 3,
          .connections = 0,
          .rss_bytes = 10'000'000,
          .heap_bytes = 1'000'000,
          .requests = 10,
          .demo_requests = 4,
          .start_time = 1000};
}

// A load of 100 requests on /demo that left nothing.
Evidence clean_load() {
  auto after = idle();
  *after.requests += 103;
  after.demo_requests += 100;
  return {.before = idle(),
          .during = {idle()},
          .after = after,
          .settled = true,
          .drain_timeout = std::chrono::seconds{10},
          .requests_sent = 100,
          .responses = 100,
          .measured = 100,
          .succeeded = 100,
          .unreachable = {},
          .scrape_error = {}};
}

TEST(Verdict, CleanWithoutLeftovers) {
  const auto judgement = judge(clean_load());
  EXPECT_EQ(judgement.verdict, Verdict::clean);
  EXPECT_EQ(judgement.reason, "no task, context or timer was left over");
  EXPECT_EQ(judgement.restarts, 0);
  EXPECT_EQ(judgement.leaked_per_request, 0);
}

TEST(Verdict, CleanIfFewerThanBefore) {
  auto evidence = clean_load();
  evidence.after->tasks = 0;
  evidence.after->contexts = 0;
  evidence.after->timers = 0;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::clean);
  EXPECT_EQ(judgement.tasks_left, 0);
  EXPECT_EQ(judgement.contexts_left, 0);
  EXPECT_EQ(judgement.timers_left, 0);
}

TEST(Verdict, MemoryAloneNeverDecides) {
  auto evidence = clean_load();
  evidence.after->rss_bytes *= 100;
  evidence.after->heap_bytes *= 100;
  evidence.during.back().tasks_leaked = 50;
  EXPECT_EQ(judge(evidence).verdict, Verdict::clean);
}

TEST(Verdict, LeakGivesTasksPerRequest) {
  auto evidence = clean_load();
  evidence.after->tasks += 150;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.reason, "150 tasks (1.50 per request) left over after the drain");
  EXPECT_EQ(judgement.tasks_left, 150);
  EXPECT_DOUBLE_EQ(*judgement.leaked_per_request, 1.5);
}

TEST(Verdict, LeakWhenOnlyContextsAreLeftOver) {
  auto evidence = clean_load();
  evidence.after->contexts += 1;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.reason, "1 context (0.01 per request) left over after the drain");
}

TEST(Verdict, LeakWhenOnlyTimersAreLeftOver) {
  auto evidence = clean_load();
  evidence.after->timers += 100;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.reason, "100 timers (1.00 per request) left over after the drain");
}

TEST(Verdict, UnknownIfLeftoversMayBelongToOtherClients) {
  auto evidence = clean_load();
  evidence.before->connections = 1;
  evidence.after->connections = 3;
  evidence.after->contexts += 6;
  evidence.after->timers += 2;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::unknown);
  EXPECT_NE(judgement.reason.find("possibly by 2 connections that other clients have opened"),
            std::string::npos)
      << judgement.reason;
  evidence.after->timers += 3;
  EXPECT_EQ(judge(evidence).verdict, Verdict::leak) << "more than they have";
  evidence.after->timers -= 3;
  evidence.after->tasks += 1;
  EXPECT_EQ(judge(evidence).verdict, Verdict::leak) << "tasks of requests are no connection's";
}

TEST(Verdict, ShrinkingKindDoesNotHideGrowingKind) {
  auto evidence = clean_load();
  evidence.after->tasks = 0;
  evidence.after->contexts += 100;
  evidence.after->timers += 100;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.reason,
            "100 contexts (1.00 per request), 100 timers (1.00 per request) left over after the drain");
}

TEST(Verdict, LeakWithoutCountedRequests) {
  auto evidence = clean_load();
  evidence.after->requests = evidence.before->requests;
  evidence.after->demo_requests = evidence.before->demo_requests;
  evidence.after->tasks += 2;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.reason, "2 tasks left over after the drain");
  EXPECT_EQ(judgement.leaked_per_request, std::nullopt);
  EXPECT_EQ(judgement.bytes_per_request, std::nullopt);
}

TEST(Verdict, PerRequestFiguresUseServerCountOfDemoRequests) {
  auto evidence = clean_load();
  evidence.after->heap_bytes += 200'000;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.requests_seen, 100);
  EXPECT_EQ(judgement.requests_of_others, 0);
  EXPECT_DOUBLE_EQ(*judgement.bytes_per_request, 2000);
}

TEST(Verdict, WithoutDemoRequestsAllRequestsCount) {
  auto evidence = clean_load();
  evidence.after->demo_requests = evidence.before->demo_requests;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.requests_seen, 103);
  EXPECT_EQ(judgement.requests_of_others, 3);
}

TEST(Verdict, BytesPerRequestUseResidentMemoryWithoutHeap) {
  auto evidence = clean_load();
  evidence.before->heap_bytes = 0;
  evidence.after->heap_bytes = 0;
  evidence.after->rss_bytes += 4096 * 100;
  EXPECT_DOUBLE_EQ(*judge(evidence).bytes_per_request, 4096);
}

TEST(Verdict, UnknownWhenTheServerDidNotSettle) {
  auto evidence = clean_load();
  evidence.settled = false;
  evidence.after->tasks += 150;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::unknown);
  EXPECT_EQ(judgement.reason, "the server had not settled 10s after the load (see --drain-timeout)");
}

TEST(Verdict, UnknownWithoutAScrapeBeforeTheLoad) {
  auto evidence = clean_load();
  evidence.before.reset();
  evidence.scrape_error = "connection refused";
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::unknown);
  EXPECT_EQ(judgement.reason, "the server's metrics could not be read before the load: connection refused");
}

TEST(Verdict, UnknownWithoutAScrapeAfterTheLoad) {
  auto evidence = clean_load();
  evidence.after.reset();
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::unknown);
  EXPECT_EQ(judgement.reason, "the server's metrics could not be read after the load");
  EXPECT_EQ(judgement.leaked_per_request, std::nullopt);
}

TEST(Verdict, UnknownWithoutAnyScrape) { EXPECT_EQ(judge({}).verdict, Verdict::unknown); }

TEST(Verdict, LeakWhenLeakedTasksWereSeenBeforeARestart) {
  auto evidence = clean_load();
  evidence.during.push_back(idle());
  evidence.during.back().tasks_leaked = 31;
  evidence.after = ServerObservation{.at = {}, .start_time = 2000};
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.restarts, 1);
  EXPECT_EQ(judgement.reason,
            "the server restarted once during the load; before that, 30 leaked tasks had been seen");
  EXPECT_EQ(judgement.leaked_per_request, std::nullopt);
}

TEST(Verdict, LeakBeforeRestartDespiteLostServer) {
  auto evidence = clean_load();
  evidence.during.back().tasks_leaked = 31;
  evidence.during.push_back({.at = {}, .start_time = 2000});
  evidence.after.reset();
  EXPECT_EQ(judge(evidence).verdict, Verdict::leak);
}

TEST(Verdict, UnknownAfterRestartWithoutEarlierLeak) {
  auto evidence = clean_load();
  evidence.after = ServerObservation{.at = {}, .tasks = 900, .tasks_leaked = 900, .start_time = 2000};
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::unknown)
      << "the one task that had leaked before the load is not of the load";
  EXPECT_EQ(judgement.restarts, 1);
}

TEST(Verdict, SeesLeakBetweenRestarts) {
  auto evidence = clean_load();
  evidence.during = {{.at = {}, .start_time = 2000}, {.at = {}, .tasks_leaked = 1, .start_time = 2000}};
  evidence.after = ServerObservation{.at = {}, .start_time = 3000};
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.restarts, 2);
  EXPECT_EQ(judgement.verdict, Verdict::leak);
  EXPECT_EQ(judgement.reason,
            "the server restarted 2 times during the load; before that, 1 leaked task had been seen");
}

TEST(Verdict, HasNamesUsedByReports) {
  EXPECT_EQ(to_string(Verdict::clean), "clean");
  EXPECT_EQ(to_string(Verdict::leak), "leak");
  EXPECT_EQ(to_string(Verdict::unknown), "unknown");
}

TEST(Verdict, UnknownIfServerCountedTooFewRequests) {
  auto evidence = clean_load();
  evidence.after->requests = *evidence.before->requests + 34;
  evidence.after->demo_requests = evidence.before->demo_requests + 33;
  const auto judgement = judge(evidence);
  EXPECT_EQ(judgement.verdict, Verdict::unknown);
  EXPECT_EQ(judgement.reason,
            "the server counted 34 requests, but 100 were answered: check that --metrics is the address of "
            "this server, and of all of it");
  evidence.after->tasks += 1;
  EXPECT_EQ(judge(evidence).verdict, Verdict::leak) << "what is left is left";
}

TEST(Verdict, JudgesServiceWithoutRequestCount) {
  auto evidence = clean_load();
  for (auto* seen : {&*evidence.before, &*evidence.after}) {
    seen->requests.reset();
    seen->demo_requests = 0;
  }
  EXPECT_EQ(judge(evidence).verdict, Verdict::clean);
}

TEST(Verdict, DividesByAnsweredRequestsWithoutRequestCount) {
  auto evidence = clean_load();
  for (auto* seen : {&*evidence.before, &*evidence.after}) {
    seen->requests.reset();
    seen->demo_requests = 0;
  }
  evidence.after->tasks += 50;
  EXPECT_EQ(judge(evidence).reason, "50 tasks (0.50 per request) left over after the drain");
}

TEST(Verdict, UnknownWhenNoRequestSucceeded) {
  auto evidence = clean_load();
  evidence.succeeded = 0;
  EXPECT_EQ(judge(evidence).verdict, Verdict::unknown);
  EXPECT_EQ(judge(evidence).reason, "none of 100 requests succeeded");
  evidence.after->tasks += 150;
  EXPECT_EQ(judge(evidence).verdict, Verdict::unknown) << "whatever is left";
  EXPECT_EQ(judge(evidence).tasks_left, 150) << "which is told all the same";
  evidence.measured = 0;
  EXPECT_EQ(judge(evidence).reason, "no request was measured");
  evidence.unreachable = "Connection refused";
  EXPECT_EQ(judge(evidence).reason, "the target cannot be reached: Connection refused");
}

TEST(Verdict, ReapedTasksAreLeak) {
  auto evidence = clean_load();
  evidence.before->tasks_reaped = 5;
  evidence.after->tasks_reaped = 125;
  EXPECT_EQ(judge(evidence).verdict, Verdict::leak);
  EXPECT_EQ(judge(evidence).reason, "120 tasks (1.20 per request) leaked and were reaped");
  EXPECT_DOUBLE_EQ(*judge(evidence).leaked_per_request, 1.2);
  evidence.after->tasks += 30;
  EXPECT_EQ(judge(evidence).reason,
            "30 tasks (0.30 per request) left over after the drain; 120 tasks (1.20 per request) leaked and "
            "were reaped");
  evidence.after->tasks_reaped = 6;
  evidence.after->tasks -= 30;
  EXPECT_EQ(judge(evidence).reason, "1 task (0.01 per request) leaked and was reaped");
}

TEST(Verdict, UnknownWithoutServerMetrics) {
  auto evidence = clean_load();
  evidence.wanted = false;
  EXPECT_EQ(judge(evidence).verdict, Verdict::unknown);
  EXPECT_EQ(judge(evidence).reason, "server metrics were not checked (--metrics none)");
}

}  // namespace
