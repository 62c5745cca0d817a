// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/exit_status.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::exit_status;
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

int status_of(std::vector<RunResult> results) { return exit_status(results); }

TEST(ExitStatus, IsThatOfTheVerdict) {
  EXPECT_EQ(status_of({example_result(false)}), 0);
  EXPECT_EQ(status_of({example_result(true)}), 3);
  EXPECT_EQ(status_of({unknown_result()}), 5);
}

TEST(ExitStatus, AMissedThresholdIsFour) {
  EXPECT_EQ(status_of({with_threshold(example_result(false), false)}), 4);
  EXPECT_EQ(status_of({with_threshold(example_result(false), true)}), 0);
}

TEST(ExitStatus, ALeakComesBeforeAThresholdAndThatBeforeWhatIsUnknown) {
  EXPECT_EQ(status_of({with_threshold(example_result(true), false)}), 3);
  EXPECT_EQ(status_of({with_threshold(unknown_result(), false)}), 4);
  EXPECT_EQ(status_of({with_threshold(unknown_result(), true)}), 5);
}

TEST(ExitStatus, EitherSideOfAComparisonCounts) {
  EXPECT_EQ(status_of({example_result(false), example_result(true)}), 3);
  EXPECT_EQ(status_of({example_result(true), unknown_result()}), 3);
  EXPECT_EQ(status_of({example_result(false), unknown_result()}), 5);
}

TEST(ExitStatus, WhereNobodyWasToLookTheThresholdsDecide) {
  RunResult result = example_result(false);
  result.evidence.wanted = false;
  result.judgement = loadgen::judge(result.evidence);
  EXPECT_EQ(status_of({result}), 0);
  EXPECT_EQ(status_of({with_threshold(result, false)}), 4);
  result.evidence.responses = 0;
  EXPECT_EQ(status_of({result}), 5) << "nobody answered";
}

}  // namespace
