// SPDX-License-Identifier: BSL-1.0
#pragma once
// The text of /metrics: metrics of the loops, of the process, and of the program.
//
// Guarantees     sampled at the call; nothing is posted to a loop, so it works while a loop is stuck. The inspector's own
//                traffic is not counted, so that looking does not change the figures.
// Threads        that of the probes.
//
//   std::string text = inspector::render_metrics(probes, [](auto& families) { append_mine(families); });

#include <prometheus/metric_family.h>

#include <functional>
#include <string>
#include <vector>

#include "inspector/loop_probe.hpp"

namespace inspector {

using AppendFamilies = std::function<void(std::vector<prometheus::MetricFamily>&)>;

std::string render_metrics(const LoopProbes& probes, const AppendFamilies& of_program);

}  // namespace inspector
