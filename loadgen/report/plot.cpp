// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace loadgen {
namespace {

constexpr std::array<std::string_view, 8> steps{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::string_view step_for(double value, Scale scale) {
  const double range = scale.to - scale.from;
  if (!(range > 0)) return steps.front();
  const double share = std::clamp((value - scale.from) / range, 0.0, 1.0);
  return steps[static_cast<std::size_t>(std::lround(share * (steps.size() - 1)))];
}

}  // namespace

std::string sparkline(std::span<const double> values, Scale scale, std::size_t width) {
  const std::size_t drawn = std::min(values.size(), width);
  std::string line;
  for (std::size_t cell = 0; cell < drawn; ++cell) {
    const auto first = cell * values.size() / drawn;
    const auto end = (cell + 1) * values.size() / drawn;
    line += step_for(*std::ranges::max_element(values.subspan(first, end - first)), scale);
  }
  return line;
}

std::string bar(double value, double whole, std::size_t width) {
  if (!(value > 0) || !(whole > 0)) return {};
  const auto share = std::min(value / whole, 1.0);
  const auto length = std::max<long>(1, std::lround(share * static_cast<double>(width)));
  std::string line;
  for (long i = 0; i < length; ++i) line += "■";
  return line;
}

}  // namespace loadgen
