// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/plot.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "cli/text.hpp"

namespace {

using loadgen::bar;
using loadgen::sparkline;

TEST(Plot, EachValueHasItsStep) {
  const std::vector<double> values{0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(sparkline(values, {.from = 0, .to = 7}, 40), "▁▂▃▄▅▆▇█");
}

TEST(Plot, ValuesBeyondTheScaleAreAtItsEnds) {
  const std::vector<double> values{-5, 50};
  EXPECT_EQ(sparkline(values, {.from = 0, .to = 7}, 40), "▁█");
}

TEST(Plot, AFlatScaleIsDrawnAtTheBottom) {
  const std::vector<double> values{3, 3, 3};
  EXPECT_EQ(sparkline(values, {.from = 3, .to = 3}, 40), "▁▁▁");
}

TEST(Plot, MoreValuesThanCellsShowTheHighestOfEachCell) {
  const std::vector<double> values{0, 7, 0, 0, 0, 0};
  EXPECT_EQ(sparkline(values, {.from = 0, .to = 7}, 3), "█▁▁");
  const std::vector<double> many(1000, 1.0);
  EXPECT_EQ(cli::cells(sparkline(many, {.from = 0, .to = 7}, 60)), 60U);
}

TEST(Plot, DrawsNothingWithoutValues) {
  EXPECT_EQ(sparkline({}, {.from = 0, .to = 1}, 10), "");
  EXPECT_EQ(sparkline(std::vector<double>{1}, {.from = 0, .to = 1}, 0), "");
}

TEST(Plot, ABarIsAsLongAsItsShare) {
  EXPECT_EQ(bar(1, 4, 8), "■■");
  EXPECT_EQ(bar(4, 4, 8), "■■■■■■■■");
  EXPECT_EQ(bar(9, 4, 2), "■■");
}

TEST(Plot, BarIsVisibleUnlessZero) {
  EXPECT_EQ(bar(1, 1e6, 8), "■");
  EXPECT_EQ(bar(0, 4, 8), "");
  EXPECT_EQ(bar(0, 0, 8), "");
}

}  // namespace
