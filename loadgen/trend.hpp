// SPDX-License-Identifier: BSL-1.0
#pragma once
// The growth of a figure: the Theil–Sen slope, the median of the slopes between all pairs of points.
//
// Requires       finite numbers, in chronological order.
// Guarantees     robust against up to 29 % outliers; at most 256 points are used (chosen evenly), so the cost is bounded
//                at about 33,000 pairs.
// Threads        any.
// Lifetime       keeps nothing.
//
//   std::vector<loadgen::TrendPoint> leaked{{.seconds = 0, .value = 0}, {.seconds = 1, .value = 450}, …};
//   if (auto slope = loadgen::theil_sen_slope(leaked)) …  // 450 a second

#include <cstddef>
#include <optional>
#include <span>

namespace loadgen {

struct TrendPoint {
  double seconds;
  double value;
};

// With fewer points, no slope is computed.
inline constexpr std::size_t fewest_trend_points = 20;

// Growth per second; empty for fewer than `fewest_trend_points` points, or if all have the same time.
std::optional<double> theil_sen_slope(std::span<const TrendPoint> points);

}  // namespace loadgen
