// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load as text for a terminal of 80 columns or more.
//
// Requires       for compare: both loads ran at the same time, or one after the other for as long.
// Guarantees     UTF-8; lines of at most 80 cells, but for long targets and errors; escape sequences only where color
//                is asked for. The last line is the conclusion, with the exit status.
// Threads        any.
// Lifetime       keeps nothing.
//
//   std::cout << loadgen::report_text({&result, 1}, false);

#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// One result: summary, latencies and their histogram, requests, what the server had alive, verdict. Of a comparison the
// fixed and the leaky one: side by side, with leaked tasks and resident memory over time on a common scale.
std::string report_text(std::span<const RunResult> results, bool color);

}  // namespace loadgen
