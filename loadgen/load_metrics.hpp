// SPDX-License-Identifier: BSL-1.0
#pragma once
// The load generator's own metrics for Prometheus.
//
// Guarantees     text format 0.0.4, valid for promtool; a few dozen series, independent of the load. Counters match the
//                report: the warm-up is not included.
// Threads        any.
//
//   std::string text = loadgen::render_metrics(figures);

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/histogram.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/traffic/traffic.hpp"

namespace loadgen {

enum class Phase : std::uint8_t { starting, warmup, load, drain };

struct LoadMetrics {
  struct Side {
    std::string target;
    std::string_view side = {};  // in a comparison: fixed or leaky
    RequestCounts requests;
    OwnLimits own = {};
    Histogram latency = {};
    TrafficNow now = {};
  };
  Phase phase = Phase::starting;
  std::vector<Side> sides;
};

std::string render_metrics(const LoadMetrics& figures);

}  // namespace loadgen
