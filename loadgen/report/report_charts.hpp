// SPDX-License-Identifier: BSL-1.0
#pragma once
// The charts of a report: which figures are drawn, and how two servers share a chart.
//
// Requires       one result, or the fixed and the leaky result of a comparison.
// Guarantees     HTML with SVG inside. Empty charts are left out.
// Threads        any.
//
//   page += loadgen::server_charts({&result, 1});

#include <span>
#include <string>
#include <vector>

#include "loadgen/report/report.hpp"

namespace loadgen {

// Leaked tasks, live tasks, memory; from before the load to after the drain.
std::string server_charts(std::span<const RunResult> results);

// Rate, latency and errors, while the load ran.
std::string client_charts(std::span<const RunResult> results);

// Latency distribution; of a comparison on the same scales.
std::string spread_charts(std::span<const RunResult> results);

// The timeline as drawn: neighbors are joined if there are many, and partial seconds, whose rates mean nothing, are left
// out.
struct DrawnPeriod {
  Period period;
  double lasted = 0;  // seconds
};
std::vector<DrawnPeriod> drawn_periods(const RunResult& result);

}  // namespace loadgen
