// SPDX-License-Identifier: BSL-1.0
#include "loadgen/trend.hpp"

#include <algorithm>
#include <vector>

namespace loadgen {
namespace {

constexpr std::size_t most_points = 256;

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

}  // namespace

std::optional<double> theil_sen_slope(std::span<const TrendPoint> points) {
  if (points.size() < fewest_trend_points) return std::nullopt;

  const std::size_t used = std::min(points.size(), most_points);
  // The first and the last point are always included.
  const auto point = [&](std::size_t i) { return points[i * (points.size() - 1) / (used - 1)]; };

  std::vector<double> slopes;
  slopes.reserve(used * (used - 1) / 2);
  for (std::size_t i = 0; i < used; ++i) {
    for (std::size_t j = i + 1; j < used; ++j) {
      const double apart = point(j).seconds - point(i).seconds;
      if (apart > 0) slopes.push_back((point(j).value - point(i).value) / apart);
    }
  }
  if (slopes.empty()) return std::nullopt;
  return median(slopes);
}

}  // namespace loadgen
