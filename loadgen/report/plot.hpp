// SPDX-License-Identifier: BSL-1.0
#pragma once
// Plots that fit into a line of text.
//
// Requires       finite numbers.
// Guarantees     as many cells as were asked for at most; UTF-8. The lowest step stands for `from` and below,
//                the highest for `to` and above.
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

// One cell a value; more values than `width` share cells, each showing its highest.
std::string sparkline(std::span<const double> values, Scale scale, std::size_t width);

// As long as `value` is of `whole`; at least one cell for anything above 0.
std::string bar(double value, double whole, std::size_t width);

}  // namespace loadgen
