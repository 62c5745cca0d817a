#pragma once
// The routes of the admin listener: /metrics, /mode, /debug/tasks and an index.
//
//   const server::Router router(server::admin_routes(shared, workers, probes, debug));

#include <memory>
#include <vector>

#include "server/debug.hpp"
#include "server/exchange.hpp"
#include "server/loop_probe.hpp"
#include "server/shared.hpp"
#include "server/worker.hpp"

namespace server {

std::vector<Route> admin_routes(Shared& shared, const Workers& workers, const LoopProbes& probes,
                                DebugRoutes& debug);

}  // namespace server
