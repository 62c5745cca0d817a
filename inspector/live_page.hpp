// SPDX-License-Identifier: BSL-1.0
#pragma once
// The live page and the data of its charts.
//
// What it is     GET / is one self-contained page for a browser, and the index of the routes for any other client;
//                GET /debug/history is the JSON that the page requests once per second. A program may add members to the
//                JSON, and HTML at the end of the page with a script that listens to the event "history" (see mode.html
//                of leash-server).
// Guarantees     works while loops are stuck. The page itself contains no metrics and only contacts its own server.
// Threads        the inspector's loop's.
// Lifetime       outlives the routes and run().
//
//   LivePage live_page(program, probes);
//   leash::go(ctx, live_page.run(ctx), "samples");
//   for (http::server::Route& route : live_page.routes()) routes.push_back(std::move(route));

#include <string>
#include <vector>

#include "http/server/router.hpp"
#include "inspector/loop_probe.hpp"
#include "inspector/program.hpp"
#include "inspector/recent_samples.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace inspector {

extern const char live_html[];  // inspector/page/live.html

class LivePage {
 public:
  LivePage(const Program& program, const LoopProbes& probes);
  LivePage(const LivePage&) = delete;
  LivePage& operator=(const LivePage&) = delete;

  // Takes one sample per second until ctx is done.
  leash::Task<> run(leash::Context ctx);

  std::vector<http::server::Route> routes();

 private:
  http::Response page_or_index(const http::server::Exchange& exchange) const;
  http::Response history(const http::server::Exchange& exchange) const;

  const Program& program_;
  const LoopProbes& probes_;
  const std::string page_;
  RecentSamples samples_;
};

}  // namespace inspector
