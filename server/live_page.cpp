#include "server/live_page.hpp"

#include <chrono>
#include <climits>
#include <new>
#include <nlohmann/json.hpp>

#include "http/problem.hpp"
#include "leash/ticker.hpp"
#include "server/parameters.hpp"
#include "server/process.hpp"
#include "server/routes.hpp"

namespace server {

using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

const std::string& index() {
  static const std::string text =
      ordered_json{
          {"routes",
           {{{"route", "GET /"}, {"what", "for a browser (Accept: text/html): the live page"}},
            {{"route", "GET /metrics"}, {"what", "figures for Prometheus"}},
            {{"route", "GET /mode"}, {"what", "the mode"}},
            {{"route", "PUT /mode"}, {"what", "changes it: {\"mode\":\"leaky\"}"}},
            {{"route", "GET /debug/tasks?site=&name=&state=&min_age=&limit=&full=&since=&format="},
             {"what", "tasks alive, by their stacks"}},
            {{"route", "GET /debug/leaks"}, {"what", "those that have leaked"}},
            {{"route", "GET /debug/contexts?site=&name=&limit=&format="},
             {"what", "contexts that are not done, by the place that made them"}},
            {{"route", "GET /debug/history?since="}, {"what", "the figures of the last ten minutes"}},
            {{"route", "POST /debug/reap?site=&name=&min_age=&limit="},
             {"what", "ends leaked tasks by force"}}}}}
          .dump(2) +
      "\n";
  return text;
}

http::Response page_or_index(const Exchange& exchange) {
  http::Response response{.status = 200};
  const auto accept = exchange.request().headers.find("Accept").value_or("");
  if (accept.find("text/html") == std::string_view::npos) {
    response = json_response(200, index());
  } else {
    response.body = live_html;
    response.headers.add("Content-Type", "text/html; charset=utf-8");
    response.headers.add("Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                         "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'");
  }
  response.headers.add("Vary", "Accept");
  return response;
}

}  // namespace

leash::Task<> LivePage::run(leash::Context ctx) {
  leash::Ticker ticker(1s);
  for (leash::Result<> tick; tick; tick = co_await ticker.next(ctx)) {
    try {
      history_.add(sample(workers_));
    } catch (const std::bad_alloc&) {  // the history has a sample less, and goes on
    }
  }
}

http::Response LivePage::history(Exchange& exchange) const {
  Parameters parameters(exchange.query(), {"since"});
  const int since = parameters.integer("since", 0, 0, INT_MAX);
  if (!parameters.problem().empty()) return http::problem(400, parameters.problem());

  ordered_json samples{{"time", ordered_json::array()},
                       {"tasks_live", ordered_json::array()},
                       {"tasks_leaked", ordered_json::array()},
                       {"resident_bytes", ordered_json::array()},
                       {"requests", ordered_json::array()}};
  for (const Sample& each : history_.after(static_cast<std::uint64_t>(since))) {
    samples["time"].push_back(each.time);
    samples["tasks_live"].push_back(each.tasks_live);
    samples["tasks_leaked"].push_back(each.tasks_leaked);
    samples["resident_bytes"].push_back(each.resident_bytes);
    samples["requests"].push_back(each.requests);
  }
  const double started = process_figures().start_time_seconds;
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const ordered_json json{{"schema", 1},
                          {"id", history_.newest()},
                          {"version", LEASH_VERSION},
                          {"started", started},
                          {"up_seconds", now - started},
                          {"mode", to_string(shared_.mode.load())},
                          {"draining", shared_.draining.load()},
                          {"leak_limit_bytes", shared_.options.leak_limit},
                          {"leak_limit_reached", shared_.leak_limit_reached.load()},
                          {"stuck_loops", probes_.unresponsive()},
                          {"samples", std::move(samples)}};
  return json_response(200, json.dump() + "\n");
}

std::vector<Route> LivePage::routes() {
  using enum http::Method;
  return {
      {"/", RouteLabel::index, {get}, [](Exchange& exchange) { return page_or_index(exchange); }, {}},
      {"/debug/history",
       RouteLabel::debug_history,
       {get},
       [this](Exchange& exchange) { return history(exchange); },
       {}},
  };
}

}  // namespace server
