// SPDX-License-Identifier: BSL-1.0
#pragma once
// The routes of the admin listener: /metrics and /mode, and those of the debug routes and the live page.
//
//   const server::Router router(server::admin_routes(shared, workers, probes, debug, live_page));

#include <memory>
#include <vector>

#include "inspector/debug.hpp"
#include "http/server/exchange.hpp"
#include "inspector/live_page.hpp"
#include "inspector/loop_probe.hpp"
#include "http/server/shared.hpp"
#include "http/server/worker.hpp"

namespace server {

std::vector<Route> admin_routes(Shared& shared, const Workers& workers, const LoopProbes& probes,
                                DebugRoutes& debug, LivePage& live_page);

}  // namespace server
