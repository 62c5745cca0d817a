// SPDX-License-Identifier: BSL-1.0
#pragma once
// The debug routes of the admin listener: /debug/tasks, /debug/leaks, /debug/contexts and /debug/reap.
//
// Guarantees     as text, JSON (docs/debug-routes.md) or a page, as ?format= or the Accept field says; a loop
//                that does not answer within a second is named, and the others are shown.
// Threads        the admin loop's.
// Lifetime       outlives the routes.
//
//   DebugRoutes debug(workers);
//   for (Route& route : debug.routes()) routes.push_back(std::move(route));

#include <vector>

#include "inspector/dump_history.hpp"
#include "http/server/exchange.hpp"
#include "http/server/worker.hpp"

namespace server {

class DebugRoutes {
 public:
  explicit DebugRoutes(const Workers& workers) noexcept : workers_(workers) {}
  DebugRoutes(const DebugRoutes&) = delete;
  DebugRoutes& operator=(const DebugRoutes&) = delete;

  std::vector<Route> routes();

 private:
  leash::Task<leash::Result<Answer>> tasks(Exchange& exchange, bool only_leaked);
  leash::Task<leash::Result<Answer>> contexts(Exchange& exchange);
  leash::Task<leash::Result<Answer>> reap(Exchange& exchange);

  const Workers& workers_;
  DumpHistory history_;
};

}  // namespace server
