// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load as text for a terminal of 80 columns or more.
//
// Requires       for compare: both loads ran at the same time, or one after the other for as long.
// Guarantees     UTF-8 without escape sequences; lines of at most 100 cells, but for long targets.
// Threads        any.
// Lifetime       keeps nothing.
//
//   std::cout << loadgen::run_text(result);
//   std::cout << loadgen::compare_text(fixed, leaky);

#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// Summary, latencies and their histogram, status codes, what the server had alive, verdict.
std::string run_text(const RunResult& result);

// Side by side, with leaked tasks and resident memory over time on a common scale.
std::string compare_text(const RunResult& fixed, const RunResult& leaky);

}  // namespace loadgen
