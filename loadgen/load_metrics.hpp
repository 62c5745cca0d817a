// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load generator's own figures for Prometheus.
//
// Guarantees     text format 0.0.4, valid by promtool; a few dozen series, whatever the load. Counters have what the
//                report has: nothing of the warm-up.
// Threads        any.
//
//   std::string text = loadgen::render_metrics(figures);

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/histogram.hpp"
#include "loadgen/report/report.hpp"

namespace loadgen {

enum class Phase : std::uint8_t { starting, warmup, load, drain };

struct LoadMetrics {
  struct Side {
    std::string target;
    std::string_view side = {};  // of a comparison: fixed, leaky
    RequestCounts requests;
    const Histogram* latency = nullptr;
    std::int64_t in_flight = 0;
    std::int64_t in_line = 0;      // due, but all connections are busy
    std::int64_t connections = 0;  // open
    double rate_asked = 0;         // requests a second, now; 0 for a closed loop
  };
  Phase phase = Phase::starting;
  std::vector<Side> sides;
};

std::string render_metrics(const LoadMetrics& figures);

}  // namespace loadgen
