// SPDX-License-Identifier: BSL-1.0
#pragma once
// Merges simultaneous runs into one result, for example of many pods, each with its share of the rate.
//
// Requires       at least one result, and that cannot_merge() finds nothing. Runs that did not overlap, and clocks that
//                differ, are noted.
// Guarantees     counts are sums, and the histogram is exactly that of all responses together. The verdict is not a vote:
//                the observations of one server process are put in order (by the process's own count of requests), and
//                the first before and the last after all runs are judged. So a run that ended while others went on, and
//                never saw the server settled, does not matter, and traffic of the other runs does not count as that of
//                other clients. Of several servers the worst verdict is taken: leak, unknown, clean. A threshold is met
//                if each run that had it met it.
// Threads        any.
//
//   loadgen::RunResult all = loadgen::merge(results);

#include <optional>
#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// The reason, as part of a sentence: one is a merged report, or the same run is there twice.
std::optional<std::string> cannot_merge(std::span<const RunResult> runs);

RunResult merge(std::span<const RunResult> runs);

}  // namespace loadgen
