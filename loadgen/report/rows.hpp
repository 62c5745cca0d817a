// SPDX-License-Identifier: BSL-1.0
#pragma once
// What is printed every second while the load runs.
//
// Guarantees     each row as wide as the header, at most 78 cells for one server, 110 for two.
// Threads        any.
//
//   time    sent      ok    err       p50       p99 │    live  leaked        rss
//     1s     300     300      0   5.31 ms   5.63 ms │     452     450   18.2 MiB

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "loadgen/observation.hpp"
#include "loadgen/traffic.hpp"

namespace loadgen {

std::string run_header();
std::string run_row(std::chrono::seconds time, bool warmup, const Interval& interval,
                    const std::optional<ServerObservation>& seen);

std::string compare_header();
std::string compare_row(std::chrono::seconds time, bool warmup, const Interval& fixed,
                        const std::optional<ServerObservation>& fixed_seen, const Interval& leaky,
                        const std::optional<ServerObservation>& leaky_seen);

// "████████░░░░░░░░  7s of 15s"
std::string progress_line(double share, std::string_view text);

}  // namespace loadgen
