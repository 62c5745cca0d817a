#pragma once
// The routes of the admin listener: /metrics, /mode, /debug/tasks and an index.
//
//   const server::Router router(server::admin_routes(shared, workers, probes));

#include <memory>
#include <vector>

#include "server/exchange.hpp"
#include "server/loop_probe.hpp"
#include "server/shared.hpp"
#include "server/worker.hpp"

namespace server {

std::vector<Route> admin_routes(Shared& shared, const std::vector<std::unique_ptr<Worker>>& workers,
                                const LoopProbes& probes);

}  // namespace server
