// SPDX-License-Identifier: BSL-1.0
#include "inspector/live_page.hpp"

#include <chrono>
#include <climits>
#include <new>
#include <string_view>
#include <utility>

#include "http/message/accept.hpp"
#include "http/message/html.hpp"
#include "http/message/problem.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "leash/ticker.hpp"
#include "leash/version.hpp"
#include "process/process.hpp"

namespace inspector {

using http::server::Exchange;
using namespace std::chrono_literals;

namespace {

// The page with the program's name and additions.
std::string page_of(const Program& program) {
  std::string page = live_html;
  const auto replace = [&page](std::string_view mark, std::string_view by) {
    for (std::size_t at = 0; (at = page.find(mark, at)) != std::string::npos; at += by.size()) {
      page.replace(at, mark.size(), by);
    }
  };
  replace("{{name}}", http::escape_html(program.name));
  replace("{{program}}", program.page);
  return page;
}

}  // namespace

LivePage::LivePage(const Program& program, const LoopProbes& probes)
    : program_(program), probes_(probes), page_(page_of(program)) {}

leash::Task<> LivePage::run(leash::Context ctx) {
  leash::Ticker ticker(1s);
  for (leash::Result<> tick; tick; tick = co_await ticker.next(ctx)) {
    try {
      Sample taken = take_sample();
      if (program_.requests_answered) taken.requests = program_.requests_answered();
      samples_.add(taken);
    } catch (const std::bad_alloc&) {  // this sample is missing
    }
  }
}

http::Response LivePage::page_or_index(const Exchange& exchange) const {
  http::Response response;
  if (http::preferred(exchange.request().headers, {"application/json", "text/html"}) == 0) {
    response = http::json_response(200, exchange.worker().service().router.index());
  } else {
    response = http::text_response(page_, "text/html; charset=utf-8");
    response.headers.add("Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                         "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'");
  }
  response.headers.add("Vary", "Accept");
  return response;
}

http::Response LivePage::history(const Exchange& exchange) const {
  http::server::Parameters parameters(exchange.query(), {"since"});
  const int since = parameters.integer("since", 0, 0, INT_MAX);
  if (!parameters.problem().empty()) return http::problem(400, parameters.problem());

  const std::vector<Sample> samples = samples_.after(static_cast<std::uint64_t>(since));
  const double started = process::start_time_seconds();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string text;
  http::JsonWriter json(text);
  json.begin_object().member("schema", 1).member("id", samples_.newest()).member("version", LEASH_VERSION);
  json.member("started", started).member("up_seconds", now - started);
  if (program_.append_to_history) program_.append_to_history(json);
  json.key("stuck_loops").list(probes_.unresponsive()).key("stalls").list(probes_.stalled());
  json.key("samples").begin_object().key("time").list(samples, &Sample::time);
  json.key("tasks_live").list(samples, &Sample::tasks_live);
  json.key("tasks_leaked").list(samples, &Sample::tasks_leaked);
  json.key("coroutines_live").list(samples, &Sample::coroutines_live);
  json.key("resident_bytes").list(samples, &Sample::resident_bytes);
  if (program_.requests_answered) json.key("requests").list(samples, &Sample::requests);
  json.end_object().end_object();
  return http::json_response(200, text + "\n");
}

std::vector<http::server::Route> LivePage::routes() {
  using enum http::Method;
  return {{get, "/", "", "for a browser (Accept: text/html): the live page; else this list",
           [this](Exchange& exchange) { return page_or_index(exchange); }},
          {get, "/debug/history", "?since=", "the metrics of the last ten minutes",
           [this](Exchange& exchange) { return history(exchange); }}};
}

}  // namespace inspector
