// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/conclusion.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::conclude;
using loadgen::RunResult;
using loadgen::test::example_result;

RunResult unknown_result() {
  RunResult result = example_result(false);
  result.evidence.settled = false;
  result.judgement = loadgen::judge(result.evidence);
  return result;
}

RunResult with_threshold(RunResult result, bool met) {
  result.thresholds.push_back({.text = "p99<1ms", .value = 1, .shown = "1 s", .met = met});
  return result;
}

int status_of(std::vector<RunResult> results) { return conclude(results).exit_status; }

TEST(Conclusion, FollowsVerdict) {
  EXPECT_EQ(status_of({example_result(false)}), 0);
  EXPECT_EQ(status_of({example_result(true)}), 3);
  EXPECT_EQ(status_of({unknown_result()}), 5);
}

TEST(Conclusion, AMissedThresholdIsFour) {
  EXPECT_EQ(status_of({with_threshold(example_result(false), false)}), 4);
  EXPECT_EQ(status_of({with_threshold(example_result(false), true)}), 0);
}

TEST(Conclusion, LeakPrecedesThresholdPrecedesUnknown) {
  EXPECT_EQ(status_of({with_threshold(example_result(true), false)}), 3);
  EXPECT_EQ(status_of({with_threshold(unknown_result(), false)}), 4);
  EXPECT_EQ(status_of({with_threshold(unknown_result(), true)}), 5);
}

TEST(Conclusion, EitherSideOfAComparisonCounts) {
  EXPECT_EQ(status_of({example_result(false), example_result(true)}), 3);
  EXPECT_EQ(status_of({example_result(true), unknown_result()}), 3);
  EXPECT_EQ(status_of({example_result(false), unknown_result()}), 5);
}

TEST(Conclusion, ThresholdsDecideWithoutServerMetrics) {
  RunResult result = example_result(false);
  result.evidence.wanted = false;
  result.judgement = loadgen::judge(result.evidence);
  EXPECT_EQ(status_of({result}), 0);
  EXPECT_EQ(conclude({&result, 1}).headline(), "passed: server metrics were not checked (--metrics none)");
  EXPECT_EQ(status_of({with_threshold(result, false)}), 4);
  const std::vector<RunResult> half_checked{example_result(false), result};
  EXPECT_EQ(conclude(half_checked).headline(),
            "passed: leaky: server metrics were not checked (--metrics none)");
}

TEST(Conclusion, UnknownWithoutSuccessDespiteOtherFindings) {
  for (const bool wanted : {true, false}) {
    RunResult result = with_threshold(example_result(true), false);
    result.evidence.wanted = wanted;
    result.evidence.succeeded = 0;
    result.judgement = loadgen::judge(result.evidence);
    EXPECT_EQ(status_of({result}), 5);
    EXPECT_EQ(conclude({&result, 1}).headline(), "unknown: none of 4,500 requests succeeded");
  }
}

TEST(Conclusion, HeadlineNamesDecidingReason) {
  const std::vector<RunResult> both{example_result(false), with_threshold(example_result(false), false)};
  EXPECT_EQ(conclude(both).headline(), "missed: leaky: p99<1ms (1 s)");
  const RunResult clean = example_result(false);
  EXPECT_EQ(conclude({&clean, 1}).headline(), "clean: no task, context or timer was left over");
}

}  // namespace
