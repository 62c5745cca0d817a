#include "inspector/profile_routes.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/message/problem.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "inspector/inspection.hpp"
#include "inspector/profile/pprof.hpp"
#include "leash/task_filter.hpp"

namespace inspector {

using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Route;
using leash::Result;
using leash::Task;

namespace {

Task<Result<MaybeResponse>> profile(Exchange& exchange, std::string_view file, bool only_leaked) {
  const http::server::Parameters parameters(exchange.query(), {});
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  leash::DumpOptions dump;
  if (only_leaked) dump.filter.state = leash::TaskState::leaked;
  const auto seen = co_await dump_tasks_by_loop(exchange.ctx(), exchange.worker().loop(), dump);
  ProfileOptions options;
  options.at = std::chrono::system_clock::now();
  options.shown_first = only_leaked ? "leaked" : "tasks";
  for (const std::string& name : seen.unresponsive) {
    options.comments.push_back("loop \"" + name + "\" does not answer: its tasks are left out");
  }
  http::Response response{.status = 200, .body = to_pprof(seen.all, options)};
  response.headers.add("Content-Type", "application/octet-stream");
  response.headers.add("Content-Disposition", "attachment; filename=\"" + std::string(file) + ".pb.gz\"");
  co_return response;
}

}  // namespace

std::vector<Route> profile_routes() {
  using enum http::Method;
  return {{get, "/debug/pprof/tasks", "", "tasks as a pprof profile",
           [](Exchange& exchange) { return profile(exchange, "tasks", false); }},
          {get, "/debug/pprof/goroutine", "", "the same, where tools for Go look for it",
           [](Exchange& exchange) { return profile(exchange, "tasks", false); }},
          {get, "/debug/pprof/goroutineleak", "", "leaked tasks as a pprof profile",
           [](Exchange& exchange) { return profile(exchange, "leaks", true); }}};
}

}  // namespace inspector
