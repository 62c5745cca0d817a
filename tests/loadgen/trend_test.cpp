// SPDX-License-Identifier: BSL-1.0
#include "loadgen/trend.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using loadgen::theil_sen_slope;
using loadgen::TrendPoint;

std::vector<TrendPoint> line(std::size_t count, double slope) {
  std::vector<TrendPoint> points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto seconds = 0.5 * static_cast<double>(i);
    points.push_back({.seconds = seconds, .value = 7 + slope * seconds});
  }
  return points;
}

TEST(Trend, ALineHasItsSlope) {
  EXPECT_NEAR(*theil_sen_slope(line(20, 450)), 450, 1e-9);
  EXPECT_NEAR(*theil_sen_slope(line(21, -3)), -3, 1e-9);
  EXPECT_EQ(*theil_sen_slope(line(30, 0)), 0);
}

TEST(Trend, NeedsTwentyPoints) {
  EXPECT_EQ(theil_sen_slope(line(19, 1)), std::nullopt);
  EXPECT_NE(theil_sen_slope(line(20, 1)), std::nullopt);
}

TEST(Trend, AQuarterOfWildPointsDoesNotMoveIt) {
  auto points = line(40, 2);
  for (std::size_t i = 0; i < points.size(); i += 4) points[i].value += 1e6 * static_cast<double>(i % 3);
  EXPECT_NEAR(*theil_sen_slope(points), 2, 0.5);
}

TEST(Trend, PointsOfTheSameTimeGiveNoSlope) {
  const std::vector<TrendPoint> points(25, {.seconds = 4, .value = 9});
  EXPECT_EQ(theil_sen_slope(points), std::nullopt);
}

TEST(Trend, ADayOfScrapesIsThinnedAndKeepsItsFirstAndLastPoint) {
  EXPECT_NEAR(*theil_sen_slope(line(86'400, 0.25)), 0.25, 1e-9);
  // All pairs would be 3.7 billion, and not end before the test is stopped.
}

}  // namespace
