#pragma once
// The routes of the admin listener: /metrics and /mode, and those of the debug routes and the live page.
//
//   const server::Router router(server::admin_routes(shared, workers, probes, debug, live_page));

#include <memory>
#include <vector>

#include "server/debug.hpp"
#include "server/exchange.hpp"
#include "server/live_page.hpp"
#include "server/loop_probe.hpp"
#include "server/shared.hpp"
#include "server/worker.hpp"

namespace server {

std::vector<Route> admin_routes(Shared& shared, const Workers& workers, const LoopProbes& probes,
                                DebugRoutes& debug, LivePage& live_page);

}  // namespace server
