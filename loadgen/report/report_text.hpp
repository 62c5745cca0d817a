// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load as text for a terminal of 80 columns or more.
//
// Requires       for compare: both loads ran at the same time, or one after the other for as long.
// Guarantees     UTF-8; lines of at most 80 cells, except for long targets and errors; escape sequences only if color is
//                requested. The last line is the conclusion with the exit status.
// Threads        any.
// Lifetime       keeps nothing.
//
//   std::cout << loadgen::report_text({&result, 1}, false);

#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// One result: summary, latencies and their histogram, requests, live tasks of the server, verdict. Or the fixed and the
// leaky result of a comparison: side by side, with leaked tasks and resident memory over time on a common scale.
std::string report_text(std::span<const RunResult> results, bool color);

}  // namespace loadgen
