// SPDX-License-Identifier: BSL-1.0
#pragma once
// The charts of a report: which figures are drawn, and how two servers share a chart.
//
// Requires       one result, or of a comparison the fixed and the leaky one.
// Guarantees     HTML with SVG inside. Charts of which there is nothing to show are left out.
// Threads        any.
//
//   page += loadgen::server_charts({&result});

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report/report.hpp"

namespace loadgen {

using Results = std::vector<const RunResult*>;

std::string_view side_name(std::size_t side);  // of a comparison: "fixed", "leaky"

// Leaked tasks, live tasks, memory; from before the load to after the drain.
std::string server_charts(const Results& results);

// Rate, latency and errors, while the load ran.
std::string client_charts(const Results& results);

// How latencies are spread; of a comparison on the same scales.
std::string spread_charts(const Results& results);

struct Instant {
  Moment moment;
  double lasted = 0;  // seconds
};

// The timeline as it is shown: neighbours joined when there are many, and no scraps of a second, whose rates mean
// nothing.
std::vector<Instant> instants_of(const RunResult& result);

}  // namespace loadgen
