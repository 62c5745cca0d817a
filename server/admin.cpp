// SPDX-License-Identifier: BSL-1.0
#include "server/admin.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "http/message/json_writer.hpp"
#include "http/message/problem.hpp"
#include "http/server/families.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "inspector/inspection.hpp"
#include "leash/families.hpp"
#include "server/cure.hpp"
#include "server/log.hpp"
#include "server/mode.hpp"

namespace server {

using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Service;
using leash::Result;
using leash::Task;

extern const char mode_html[];  // server/page/mode.html

namespace {

http::Response mode_response(const Service& service) {
  std::string text;
  http::JsonWriter(text).begin_object().member("mode", to_string(mode_of(service))).end_object();
  return http::json_response(200, text + "\n");
}

constexpr std::uint64_t most_of_a_mode = 256;  // bytes

Task<Result<MaybeResponse>> change_mode(Service& service, Exchange& exchange) {
  const Result<std::string> body = co_await exchange.read_whole_body(most_of_a_mode);
  if (!body) co_return std::unexpected(body.error());
  int names = 0;
  const auto count_names = [&names](int, nlohmann::json::parse_event_t event, nlohmann::json&) {
    if (event == nlohmann::json::parse_event_t::key) ++names;
    return true;
  };
  const auto json = nlohmann::json::parse(*body, count_names, false);
  const bool well_formed =
      json.is_object() && names == 1 && json.contains("mode") && json["mode"].is_string();
  const std::optional<Mode> wanted = well_formed ? parse_mode(json["mode"].get<std::string>()) : std::nullopt;
  if (!wanted) {
    co_return http::problem(400, "The body must be {\"mode\":\"fixed\"} or {\"mode\":\"leaky\"}.");
  }
  if (set_mode(service, *wanted) != *wanted) {
    log_event(LogLevel::info, "mode changed", {{"mode", to_string(*wanted)}});
  }
  co_return mode_response(service);
}

// With ?format=json the sources of all patterns, for pages; else the cures of what has leaked so far, as text.
Task<Result<MaybeResponse>> show_cures(Exchange& exchange) {
  http::server::Parameters parameters(exchange.query(), {"format"});
  const std::string_view format = parameters.text("format", "text");
  if (format != "json" && format != "text")
    parameters.fail("This format is unknown; allowed are json, text.");
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  if (format == "json") co_return http::json_response(200, cures_to_json());
  leash::Loop& here = exchange.worker().loop();
  leash::DumpOptions options;
  options.filter.state = leash::TaskState::leaked;
  const auto leaked = co_await inspector::dump_tasks(exchange.ctx(), here, options);
  const auto contexts = co_await inspector::dump_contexts(exchange.ctx(), here);
  co_return http::text_response(cures_to_text(leaked.all, contexts.all), "text/plain; charset=utf-8");
}

void append_families(leash::families::Families& families, const Shared& shared, const Service& service) {
  using leash::families::add;
  using leash::families::family;
  using prometheus::MetricType;
  families.push_back(
      family("leash_server_mode", "1 for the current mode, 0 for the other one.", MetricType::Gauge));
  for (const Mode mode : {Mode::fixed, Mode::leaky}) {
    add(families.back(), {{"mode", std::string(to_string(mode))}}, mode == mode_of(service) ? 1 : 0);
  }
  families.push_back(family("leash_leak_limit_reached",
                            "1 while leaky requests are refused because of the leak limit.",
                            MetricType::Gauge));
  add(families.back(), {}, shared.memory.leak_limit_reached() ? 1 : 0);
  families.push_back(family("leash_log_lines_dropped_total",
                            "Log lines dropped because standard error was not read in time.",
                            MetricType::Counter));
  add(families.back(), {}, static_cast<double>(log_lines_dropped()));
  families.push_back(
      family("leash_memory_budget_bytes", "Memory that all requests together may hold.", MetricType::Gauge));
  add(families.back(), {}, static_cast<double>(shared.memory.budget()));
  families.push_back(family("leash_memory_in_use_bytes", "Memory that requests and connections hold now.",
                            MetricType::Gauge));
  add(families.back(), {}, static_cast<double>(shared.memory.in_use()));
}

}  // namespace

inspector::Program admin_program(const Shared& shared, Service& service,
                                 const http::server::Workers& workers) {
  using enum http::Method;
  inspector::Program program;
  program.name = "leash-server";
  program.token = shared.options.admin_token;
  program.names = shared.options.admin_names;
  program.settings = shared.options.serving;
  program.log = log_limited;
  program.routes = {
      {get, "/mode", "", "the mode", [&](Exchange&) { return mode_response(service); }},
      {put, "/mode", "", "changes the mode: {\"mode\":\"leaky\"}",
       [&](Exchange& exchange) { return change_mode(service, exchange); }},
      {get, "/cures", "?format=", "source lines of the leaks, and their fixed versions", show_cures}};
  program.append_families = [&](leash::families::Families& families) {
    http::server::append_families(families, service, workers);
    append_families(families, shared, service);
  };
  program.requests_answered = [&] {
    std::uint64_t answered = 0;
    for (const auto& worker : workers) answered += worker->metrics().answered();
    return answered;
  };
  program.append_to_history = [&](http::JsonWriter& json) {
    json.member("mode", to_string(mode_of(service))).member("draining", service.draining.load());
    json.member("leak_limit_bytes", shared.options.leak_limit);
    json.member("leak_limit_reached", shared.memory.leak_limit_reached());
  };
  program.page = mode_html;
  return program;
}

}  // namespace server
