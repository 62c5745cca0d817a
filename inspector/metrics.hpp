// SPDX-License-Identifier: BSL-1.0
#pragma once
// What /metrics answers: the metrics of the loops that serve requests, of HTTP, and of the process.
//
// Guarantees     sampled when it is called; nothing is posted to a loop, so that it works while one is stuck.
//                The admin listener's own traffic is not counted: looking does not change what is seen.
// Threads        any.
//
//   std::string text = server::render_metrics(shared, workers, probes);

#include <memory>
#include <string>
#include <vector>

#include "inspector/loop_probe.hpp"
#include "http/server/shared.hpp"
#include "http/server/worker.hpp"

namespace server {

std::string render_metrics(const Shared& shared, const Workers& workers, const LoopProbes& probes);

}  // namespace server
