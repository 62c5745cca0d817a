// SPDX-License-Identifier: BSL-1.0
#include "loadgen/observation.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

constexpr auto complete =
    "leash_tasks_live{site=\"a:1\",role=\"request\"} 10\n"
    "leash_tasks_live{site=\"b:2\",role=\"request\"} 5\n"
    "leash_tasks_live{site=\"c:3\",role=\"system\"} 100\n"
    "leash_tasks_leaked{site=\"a:1\",wait=\"chan send\"} 9\n"
    "leash_tasks_leaked{site=\"b:2\",wait=\"sleep\"} 4\n"
    "leash_contexts_live 7\n"
    "leash_contexts_held 8\n"
    "leash_timers_armed 6\n"
    "process_resident_memory_bytes 12582912\n"
    "process_heap_bytes 4194304\n"
    "process_start_time_seconds 1763940000.25\n"
    "http_requests_in_flight 0\n"
    "http_requests_total{route=\"/demo\",method=\"GET\",code=\"200\",mode=\"leaky\"} 40\n"
    "http_requests_total{route=\"/demo\",method=\"GET\",code=\"503\",mode=\"leaky\"} 2\n"
    "http_requests_total{route=\"/healthz\",method=\"GET\",code=\"200\",mode=\"leaky\"} 3\n"
    "http_requests_total{route=\"/metrics\",method=\"GET\",code=\"200\",mode=\"leaky\"} 70\n";

std::expected<loadgen::ServerObservation, std::string> observe(const std::string& text) {
  return loadgen::observe(loadgen::parse_metrics(text).value(), std::chrono::steady_clock::time_point{});
}

std::string without(std::string text, std::string_view name) {
  const auto start = text.find(name);
  return text.erase(start, text.find('\n', start) + 1 - start);
}

TEST(Observation, TakesEachFigureFromItsMetric) {
  const auto seen = observe(complete);
  ASSERT_TRUE(seen.has_value()) << seen.error();
  EXPECT_EQ(seen->tasks, 15);
  EXPECT_EQ(seen->tasks_leaked, 13);
  EXPECT_EQ(seen->contexts, 15);
  EXPECT_EQ(seen->timers, 6);
  EXPECT_EQ(seen->rss_bytes, 12'582'912);
  EXPECT_EQ(seen->heap_bytes, 4'194'304);
  EXPECT_EQ(seen->requests, 45);
  EXPECT_EQ(seen->demo_requests, 42);
  EXPECT_EQ(seen->start_time, 1763940000.25);
}

TEST(Observation, KeepsTheTimeItWasGiven) {
  const auto at = std::chrono::steady_clock::now();
  EXPECT_EQ(loadgen::observe(loadgen::parse_metrics(complete).value(), at)->at, at);
}

TEST(Observation, CountsAbsentSeriesAsZero) {
  const auto seen = observe(
      "leash_contexts_live 1\nleash_contexts_held 0\nleash_timers_armed 0\nprocess_start_time_seconds 5\n");
  ASSERT_TRUE(seen.has_value()) << seen.error();
  EXPECT_EQ(seen->tasks, 0);
  EXPECT_EQ(seen->tasks_leaked, 0);
  EXPECT_FALSE(seen->requests) << "it does not count them";
}

TEST(Observation, CountsAllTasksWithoutRequestMetrics) {
  const auto seen = observe(R"(leash_tasks_live{site="a",role="system",kind="task"} 2
leash_tasks_live{site="b",role="system",kind="coroutine"} 3
leash_tasks_finished_total{site="b",outcome="reaped"} 4
leash_tasks_finished_total{site="b",outcome="returned"} 5
leash_contexts_live 1
leash_contexts_held 0
leash_timers_armed 0
process_start_time_seconds 5
)");
  ASSERT_TRUE(seen.has_value()) << seen.error();
  EXPECT_EQ(seen->tasks, 5);
  EXPECT_EQ(seen->tasks_reaped, 4);
}

TEST(Observation, CountsRequestTasksBeforeTheFirstRequest) {
  const auto seen = observe(R"(leash_tasks_live{site="a",role="system"} 2
leash_tasks_live{site="a",role="request"} 1
leash_contexts_live 1
leash_contexts_held 0
leash_timers_armed 0
process_start_time_seconds 5
http_requests_in_flight 0
)");
  ASSERT_TRUE(seen.has_value()) << seen.error();
  EXPECT_EQ(seen->tasks, 1);
  EXPECT_EQ(seen->requests, 0);
}

TEST(Observation, ErrorNamesMissingMetricOfAnotherServer) {
  for (const std::string name :
       {"leash_contexts_live", "leash_contexts_held", "leash_timers_armed", "process_start_time_seconds"}) {
    const auto seen = observe(without(complete, name));
    ASSERT_FALSE(seen.has_value()) << name;
    EXPECT_EQ(seen.error(), "these are not metrics of leash: " + name + " is missing");
  }
}

TEST(Observation, RejectsUnusableNumber) {
  for (const std::string value : {"NaN", "+Inf", "-Inf", "1e300"}) {
    const auto seen = observe(without(complete, "leash_timers_armed") + "leash_timers_armed " + value + "\n");
    ASSERT_FALSE(seen.has_value()) << value;
    EXPECT_EQ(seen.error(), "the server's leash_timers_armed is not a usable number");
  }
}

}  // namespace
