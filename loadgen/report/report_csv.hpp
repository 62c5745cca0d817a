// SPDX-License-Identifier: BSL-1.0
#pragma once
// The timeline of a result as comma-separated values (RFC 4180), a line a second.
//
// Guarantees     what is not known is empty; times in seconds, sizes in bytes.
// Threads        any.
//
//   file << loadgen::report_csv({&result, 1});

#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// One result, or of a comparison the fixed and the leaky one: the first column says which.
std::string report_csv(std::span<const RunResult> results);

}  // namespace loadgen
