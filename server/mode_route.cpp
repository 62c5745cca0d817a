// SPDX-License-Identifier: BSL-1.0
#include "server/mode_route.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "http/message/json.hpp"
#include "http/message/problem.hpp"
#include "server/log.hpp"
#include "inspector/metrics.hpp"
#include "server/routes.hpp"

namespace server {

using leash::Result;
using leash::Task;

namespace {

http::Response mode_response(const Shared& shared) {
  // An object of nlohmann's takes memory to be destroyed, and without it ends the process.
  return json_response(200, "{\"mode\":\"" + std::string(to_string(shared.mode.load())) + "\"}\n");
}

Task<Result<Answer>> mode(Shared& shared, Exchange& exchange) {
  if (exchange.request().method != http::Method::put) co_return mode_response(shared);
  std::string body;
  for (;;) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    body += *piece;
  }
  const auto json = http::parse_json(body);
  const bool well_formed =
      json.is_object() && json.size() == 1 && json.contains("mode") && json["mode"].is_string();
  const std::optional<Mode> wanted = well_formed ? parse_mode(json["mode"].get<std::string>()) : std::nullopt;
  if (!wanted) {
    co_return http::problem(400, "The body must be {\"mode\":\"fixed\"} or {\"mode\":\"leaky\"}.");
  }
  if (shared.mode.exchange(*wanted) != *wanted) {
    log_event(LogLevel::info, "mode changed", {{"mode", to_string(*wanted)}});
  }
  co_return mode_response(shared);
}

http::Response metrics(const Shared& shared, const Workers& workers, const LoopProbes& probes) {
  http::Response response{.status = 200, .body = render_metrics(shared, workers, probes)};
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace

std::vector<Route> admin_routes(Shared& shared, const Workers& workers, const LoopProbes& probes,
                                DebugRoutes& debug, LivePage& live_page) {
  using enum http::Method;
  std::vector<Route> routes{
      {"/metrics",
       RouteLabel::metrics,
       {get},
       [&](Exchange&) { return metrics(shared, workers, probes); },
       {}},
      {"/mode", RouteLabel::mode, {get, put}, {}, [&](Exchange& exchange) { return mode(shared, exchange); }},
  };
  for (Route& route : debug.routes()) routes.push_back(std::move(route));
  for (Route& route : live_page.routes()) routes.push_back(std::move(route));
  return routes;
}

}  // namespace server
