// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load as one page for a browser.
//
// Requires       for compare: both loads ran at the same time, or one after the other for as long.
// Guarantees     self-contained: no script, nothing is fetched; readable in light and dark, on a telephone, printed, and
//                by a screen reader. What came from outside (targets, messages) is escaped.
// Threads        any.
// Lifetime       keeps nothing.
//
//   file << loadgen::run_html(result);
//   file << loadgen::compare_html(fixed, leaky);

#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

std::string run_html(const RunResult& result);

// Side by side: figures in columns, charts on common scales.
std::string compare_html(const RunResult& fixed, const RunResult& leaky);

}  // namespace loadgen
