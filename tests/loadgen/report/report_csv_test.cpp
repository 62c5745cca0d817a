// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::report_csv;
using loadgen::test::example_result;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ReportCsv, HasALineForEachSecond) {
  const auto result = example_result(true);
  const std::string text = report_csv({&result, 1});
  EXPECT_EQ(std::ranges::count(text, '\n'), 16);
  EXPECT_THAT(text, StartsWith("side,seconds,asked,sent,ok,errors,p50_seconds,p99_seconds,tasks,leaked,"));
  EXPECT_THAT(text, HasSubstr("\r\n,2,300,300,300,0,0.0057,0.0079,900,450,604,86,17000000,"));
}

TEST(ReportCsv, NumbersHaveFewDigits) {
  auto result = example_result(false);
  result.timeline.resize(1);
  result.timeline[0].seconds = 2.0001234567;
  result.timeline[0].asked = 49.99999999999999;
  EXPECT_THAT(report_csv({&result, 1}), HasSubstr("\r\n,2.000123,50,300,"));
  result.timeline[0].asked = 1'000'000;
  EXPECT_THAT(report_csv({&result, 1}), HasSubstr(",1000000,300,"));
}

TEST(ReportCsv, LeavesUnknownEmptyAndNamesSides) {
  std::vector<loadgen::RunResult> both{example_result(false), example_result(true)};
  both[0].timeline.resize(1);
  both[0].timeline[0].seen.reset();
  both[0].timeline[0].asked.reset();
  both[0].timeline[0].p50.reset();
  const std::string text = report_csv(both);
  EXPECT_THAT(text, HasSubstr("\r\nfixed,1,,300,300,0,,0.0079,,,,,,\r\nleaky,1,300,"));
}

}  // namespace
