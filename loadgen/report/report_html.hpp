// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load as one page for a browser.
//
// Requires       for compare: both loads ran at the same time, or one after the other for as long.
// Guarantees     self-contained: no script, nothing is fetched; readable in light and dark mode, on a phone, printed, and
//                with a screen reader. External text (targets, messages) is escaped.
// Threads        any.
// Lifetime       keeps nothing.
//
//   file << loadgen::report_html({&result, 1});

#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// One result; or the fixed and the leaky result of a comparison, side by side with common scales.
std::string report_html(std::span<const RunResult> results);

}  // namespace loadgen
