// SPDX-License-Identifier: BSL-1.0
#pragma once
// The live page of the admin listener, and the metrics that it draws.
//
// What it is     GET / is one self-contained page for a browser, and a list of the routes for everybody else;
//                GET /debug/history is the JSON that the page asks for, once a second.
// Guarantees     works while loops are stuck. The page holds no metrics itself and asks this server only.
// Threads        the admin loop's.
// Lifetime       outlives the routes and run().
//
//   LivePage live_page(shared, workers, probes);
//   leash::go(ctx, live_page.run(ctx), "history");
//   for (Route& route : live_page.routes()) routes.push_back(std::move(route));

#include <vector>

#include "leash/context.hpp"
#include "leash/task.hpp"
#include "http/server/exchange.hpp"
#include "inspector/history.hpp"
#include "inspector/loop_probe.hpp"
#include "http/server/shared.hpp"
#include "http/server/worker.hpp"

namespace server {

extern const char live_html[];  // server/page/live.html

class LivePage {
 public:
  LivePage(const Shared& shared, const Workers& workers, const LoopProbes& probes) noexcept
      : shared_(shared), workers_(workers), probes_(probes) {}
  LivePage(const LivePage&) = delete;
  LivePage& operator=(const LivePage&) = delete;

  // Takes a sample a second until ctx is done.
  leash::Task<> run(leash::Context ctx);

  std::vector<Route> routes();

 private:
  http::Response history(Exchange& exchange) const;

  const Shared& shared_;
  const Workers& workers_;
  const LoopProbes& probes_;
  History history_;
};

}  // namespace server
