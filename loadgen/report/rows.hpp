// SPDX-License-Identifier: BSL-1.0
#pragma once
// The row that is printed every second while the load runs.
//
// Guarantees     each row is as wide as the header, and at most 80 cells; for two servers on a wide terminal 110.
// Threads        any.
//
//     time    sent      ok    err       p50       p99 │    live  leaked        rss
//       1s     300     300      0   5.31 ms   5.63 ms │     452     450   18.2 MiB
//
//   const loadgen::RowSide side{traffic.interval(), seen};
//   std::cout << loadgen::row_header(1, {}) << "\n" << loadgen::row(1s, false, {&side, 1}, {}) << "\n";

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "loadgen/report/report.hpp"

namespace loadgen {

// The style of rows.
struct RowStyle {
  std::size_t width = 80;
  bool color = false;
};

// One server's part of a row.
struct RowSide {
  const Interval& interval;
  const std::optional<ServerObservation>& seen;
};

std::string row_header(std::size_t sides, const RowStyle& style);
std::string row(std::chrono::seconds time, bool warmup, std::span<const RowSide> sides,
                const RowStyle& style);

// "████████░░░░░░░░  7s of 15s"
std::string progress_line(double share, std::string_view text);

}  // namespace loadgen
