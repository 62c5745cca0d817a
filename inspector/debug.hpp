// SPDX-License-Identifier: BSL-1.0
#pragma once
// The debug routes: /debug/tasks, /debug/leaks, /debug/coroutines, /debug/contexts, /debug/tree and /debug/reap.
//
// Guarantees     text, JSON (docs/debug-routes.md) or a page, as chosen by ?format= or the Accept field; a loop that does
//                not answer within a second is named, and the others are shown.
// Threads        the inspector's loop's.
// Lifetime       outlives the routes.
//
//   DebugRoutes debug;
//   for (http::server::Route& route : debug.routes()) routes.push_back(std::move(route));

#include <vector>

#include "http/server/router.hpp"
#include "inspector/recent_dumps.hpp"

namespace inspector {

class DebugRoutes {
 public:
  DebugRoutes() = default;
  DebugRoutes(const DebugRoutes&) = delete;
  DebugRoutes& operator=(const DebugRoutes&) = delete;

  std::vector<http::server::Route> routes();

 private:
  leash::Task<leash::Result<http::server::MaybeResponse>> tasks(http::server::Exchange& exchange,
                                                                bool only_leaked);
  leash::Task<leash::Result<http::server::MaybeResponse>> coroutines(http::server::Exchange& exchange);
  leash::Task<leash::Result<http::server::MaybeResponse>> contexts(http::server::Exchange& exchange);
  http::Response tree(const http::server::Exchange& exchange) const;
  leash::Task<leash::Result<http::server::MaybeResponse>> reap(http::server::Exchange& exchange);

  RecentDumps dumps_;
};

}  // namespace inspector
