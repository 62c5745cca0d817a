// SPDX-License-Identifier: BSL-1.0
#pragma once
// What /metrics answers: the metrics of the loops of this process, those of the process, and what the program adds.
//
// Guarantees     sampled when it is called; nothing is posted to a loop, so that it works while one is stuck.
//                The inspector's own traffic is not counted: looking does not change what is seen.
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
