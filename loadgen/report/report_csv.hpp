// SPDX-License-Identifier: BSL-1.0
#pragma once
// The timeline of a result as comma-separated values (RFC 4180), one line per second.
//
// Guarantees     unknown values are empty; times in seconds, sizes in bytes.
// Threads        any.
//
//   file << loadgen::report_csv({&result, 1});

#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// One result, or the fixed and the leaky result of a comparison; the first column names the side.
std::string report_csv(std::span<const RunResult> results);

}  // namespace loadgen
