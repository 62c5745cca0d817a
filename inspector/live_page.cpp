// SPDX-License-Identifier: BSL-1.0
#include "inspector/live_page.hpp"

#include <chrono>
#include <climits>
#include <functional>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "http/message/problem.hpp"
#include "leash/ticker.hpp"
#include "http/server/parameters.hpp"
#include "process/process.hpp"
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
            {{"route", "GET /metrics"}, {"what", "metrics for Prometheus"}},
            {{"route", "GET /mode"}, {"what", "the mode"}},
            {{"route", "PUT /mode"}, {"what", "changes it: {\"mode\":\"leaky\"}"}},
            {{"route", "GET /debug/tasks?site=&name=&state=&min_age=&limit=&full=&since=&format="},
             {"what", "tasks alive, by their stacks"}},
            {{"route", "GET /debug/leaks"}, {"what", "those that have leaked"}},
            {{"route", "GET /debug/contexts?site=&name=&limit=&format="},
             {"what", "contexts that are not done, by the place that made them"}},
            {{"route", "GET /debug/history?since="}, {"what", "the metrics of the last ten minutes"}},
            {{"route", "POST /debug/reap?site=&name=&min_age=&limit="},
             {"what", "ends leaked tasks by force"}}}}}
          .dump(2) +
      "\n";
  return text;
}

// Of a number, a truth value or a text. An object or array of nlohmann's takes memory to be destroyed, and without it ends
// the process: a page that asks again and again must not.
template <class T>
std::string json_of(const T& value) {
  return ordered_json(value).dump();
}

template <class T, class Member>
std::string list_of(const std::vector<T>& values, Member member) {
  std::string text;
  for (const T& value : values) {
    text += text.empty() ? '[' : ',';
    text += json_of(std::invoke(member, value));
  }
  return text.empty() ? "[]" : text + "]";
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

  const std::vector<Sample> samples = history_.after(static_cast<std::uint64_t>(since));
  const double started = process_metrics().start_time_seconds;
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string text = "{\"schema\":1,\"id\":" + json_of(history_.newest());
  text += ",\"version\":" + json_of(LEASH_VERSION);
  text += ",\"started\":" + json_of(started);
  text += ",\"up_seconds\":" + json_of(now - started);
  text += ",\"mode\":" + json_of(to_string(shared_.mode.load()));
  text += ",\"draining\":" + json_of(shared_.draining.load());
  text += ",\"leak_limit_bytes\":" + json_of(shared_.options.leak_limit);
  text += ",\"leak_limit_reached\":" + json_of(shared_.leak_limit_reached.load());
  text += ",\"stuck_loops\":" + list_of(probes_.unresponsive(), std::identity());
  text += ",\"samples\":{\"time\":" + list_of(samples, &Sample::time);
  text += ",\"tasks_live\":" + list_of(samples, &Sample::tasks_live);
  text += ",\"tasks_leaked\":" + list_of(samples, &Sample::tasks_leaked);
  text += ",\"resident_bytes\":" + list_of(samples, &Sample::resident_bytes);
  text += ",\"requests\":" + list_of(samples, &Sample::requests);
  return json_response(200, text + "}}\n");
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
