// SPDX-License-Identifier: BSL-1.0
#pragma once
// Plots that fit into a line of text.
//
// Requires       finite numbers.
// Guarantees     at most the requested number of cells; UTF-8. The lowest step means `from` or below, the highest `to` or
//                above.
// Threads        any.
// Lifetime       keeps nothing.
//
//   std::vector<double> leaked{0, 450, 900, 1350};
//   loadgen::sparkline(leaked, {.from = 0, .to = 1350}, 40)  // "▁▃▆█"
//   loadgen::bar(450, 1350, 12)                              // "■■■■"

#include <cstddef>
#include <span>
#include <string>

namespace loadgen {

struct Scale {
  double from;
  double to;
};

// One cell per value; if there are more values than `width`, each cell shows the highest of its values.
std::string sparkline(std::span<const double> values, Scale scale, std::size_t width);

// As long as the share of `value` in `whole`; at least one cell for any value above 0.
std::string bar(double value, double whole, std::size_t width);

}  // namespace loadgen
