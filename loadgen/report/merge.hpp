// SPDX-License-Identifier: BSL-1.0
#pragma once
// Several runs at the same time, made into one: of many pods, each with its share of the rate.
//
// Requires       at least one result, and that cannot_merge() finds nothing. Runs that were not at the same time, and
//                clocks that are apart, are noted.
// Guarantees     counts are sums and the histogram is exactly that of all responses together. The verdict is no
//                vote: what the runs saw of one server process is put in its order (the process's own count of
//                requests tells it), and the first look before and the last look after all of them are judged. So a
//                run that ended while others went on, and never saw the server at rest, does not matter, and
//                traffic of the other runs is not that of others. Of several servers the worst verdict is taken:
//                leak, unknown, clean. A threshold is met when each run that had it met it.
// Threads        any.
//
//   loadgen::RunResult all = loadgen::merge(results);

#include <optional>
#include <span>
#include <string>

#include "loadgen/report/report.hpp"

namespace loadgen {

// Why not, as a part of a sentence: one of them is a merged one, or the same run is there twice.
std::optional<std::string> cannot_merge(std::span<const RunResult> runs);

RunResult merge(std::span<const RunResult> runs);

}  // namespace loadgen
