// SPDX-License-Identifier: BSL-1.0
#include "server/routes.hpp"

#include <nlohmann/json.hpp>
#include <random>

#include "http/message/problem.hpp"
#include "leash/sleep.hpp"
#include "leash/trace.hpp"
#include "server/log.hpp"
#include "http/server/parameters.hpp"
#include "server/patterns/pattern.hpp"
#include "http/server/worker.hpp"

namespace server {

using namespace std::chrono_literals;
using leash::Result;
using leash::Task;
using nlohmann::ordered_json;

http::Response json_response(int status, std::string text) {
  http::Response response{.status = status, .body = std::move(text)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

namespace {

constexpr auto most_latency = std::chrono::nanoseconds(60s);
constexpr std::uint64_t most_payload = 16 * 1024 * 1024;

// Why a leaky request must not be served any more, so that a demonstration does not take the machine along.
const char* leak_limit(const Shared& shared, const Pattern& pattern, const Demo& work) {
  if (shared.leak_limit_reached.load(std::memory_order_relaxed)) {
    return "Resident memory is above the leak limit; leaky requests are refused until it is below.";
  }
  if (pattern.leaky == upstream_leaky && work.upstream->is_full()) {
    return "Leaked upstream calls hold as many sockets as this process can spare.";
  }
  return nullptr;
}

Task<Result<Answer>> demo(Shared& shared, Exchange& exchange) {
  const leash::TimePoint since = exchange.worker().loop().now();
  Parameters parameters(exchange.query(), {"pattern", "mode", "fanout", "latency", "payload"});
  const std::string_view name = parameters.text("pattern", "mixed");
  const Pattern* pattern = name == "mixed" ? &exchange.worker().next_pattern() : find_pattern(name);
  if (!pattern) parameters.fail("This pattern is unknown; allowed are " + pattern_names() + ".");
  Mode mode = exchange.worker().mode();
  if (const auto wanted = exchange.query().find("mode")) {
    if (!shared.options.request_mode) {
      co_return http::problem(403, "The mode of this server cannot be chosen for one request.",
                              "request-mode");
    }
    const auto parsed = parse_mode(*wanted);
    if (!parsed) parameters.fail("This mode is unknown; allowed are fixed, leaky.");
    mode = parsed.value_or(mode);
  }
  exchange.mode = mode;
  Demo work{exchange.ctx(),
            exchange.worker().loop().background(),
            &exchange.worker().parked,
            exchange.worker().upstream,
            parameters.integer("fanout", 3, 1, 64),
            parameters.duration("latency", 5ms, most_latency),
            parameters.size("payload", shared.options.leak_payload, most_payload)};
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  if (const char* limit = mode == Mode::leaky ? leak_limit(shared, *pattern, work) : nullptr) {
    http::Response response = http::problem(503, limit, "leak-limit");
    response.headers.add("Retry-After", "10");
    co_return response;
  }

  const PatternFunction run = mode == Mode::leaky ? pattern->leaky : pattern->fixed;
  const Result<Tally> tally = co_await run(work);
  if (!tally) {
    if (leash::is_cancellation(tally.error())) co_return std::unexpected(tally.error());
    log_event(LogLevel::warn, "the upstream failed",
              {{"request", exchange.id()},
               {"trace", exchange.ctx().value<leash::Trace>()->id()},
               {"error", tally.error().message()}});
    co_return http::problem(502, "The upstream could not be reached, or failed.", "upstream");
  }
  const std::chrono::duration<double, std::milli> elapsed = exchange.worker().loop().now() - since;
  // An object of nlohmann's takes memory to be destroyed, and without it ends the process.
  std::string reply =
      "{\"pattern\":\"" + std::string(pattern->name) + "\",\"mode\":\"" + std::string(to_string(mode)) +
      "\",\"request\":" + std::to_string(exchange.id()) + ",\"started\":" + std::to_string(tally->started) +
      ",\"joined\":" + std::to_string(tally->joined) + ",\"left\":" + std::to_string(tally->left()) +
      ",\"elapsed_ms\":" + ordered_json(elapsed.count()).dump() + "}\n";
  co_return json_response(200, std::move(reply));
}

Task<Result<Answer>> backend(Exchange& exchange) {
  Parameters parameters(exchange.query(), {"latency", "jitter", "fail", "payload"});
  std::chrono::nanoseconds latency = parameters.duration("latency", 5ms, most_latency);
  const std::chrono::nanoseconds jitter = parameters.duration("jitter", 0ms, most_latency);
  const double fail = parameters.probability("fail");
  const std::uint64_t payload = parameters.size("payload", 0, most_payload);
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());

  static thread_local std::minstd_rand random(std::random_device{}());
  if (jitter > 0ns) {
    latency += std::chrono::nanoseconds(
        std::uniform_int_distribution<std::int64_t>(-jitter.count(), jitter.count())(random));
  }
  const Result<> slept = co_await leash::sleep(exchange.ctx(), latency);
  if (!slept) co_return std::unexpected(slept.error());
  if (std::uniform_real_distribution<double>(0, 1)(random) < fail) {
    co_return http::problem(500, "This request was chosen to fail.");
  }
  http::Response response{.status = 200, .body = std::string(payload, 'x') + "\n"};
  response.headers.add("Content-Type", "text/plain");
  co_return response;
}

// The body goes back as it comes, piece by piece.
Task<Result<Answer>> echo(Exchange& exchange) {
  const http::Request& request = exchange.request();
  bool begun = false;
  for (;;) {
    const Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (!begun) {
      http::Response head{.status = 200};
      const auto type = request.headers.find("Content-Type");
      head.headers.add("Content-Type", std::string(type.value_or("application/octet-stream")));
      std::optional<std::uint64_t> size = request.content_length;
      if (!request.has_body()) size = 0;
      const Result<> sent = co_await exchange.begin(std::move(head), size);
      if (!sent) co_return std::unexpected(sent.error());
      begun = true;
    }
    if (piece->empty()) co_return std::nullopt;
    const Result<> sent = co_await exchange.write(*piece);
    if (!sent) co_return std::unexpected(sent.error());
  }
}

http::Response ready(const Shared& shared) {
  if (!shared.draining.load(std::memory_order_relaxed)) return json_response(200, "{\"status\":\"ready\"}\n");
  http::Response response = http::problem(503, "The server is draining.", "shutdown");
  response.headers.add("Retry-After", "1");
  return response;
}

std::string index_of(std::initializer_list<std::pair<std::string_view, std::string_view>> routes) {
  ordered_json list = ordered_json::array();
  for (const auto& [route, what] : routes) list.push_back({{"route", route}, {"what", what}});
  return ordered_json{{"routes", list}}.dump(2) + "\n";
}

}  // namespace

std::vector<Route> public_routes(Shared& shared) {
  const std::string index = index_of({
      {"GET /demo?pattern=&mode=&fanout=&latency=&payload=",
       "real concurrent work by a pattern: " + pattern_names()},
      {"GET /backend?latency=&jitter=&fail=&payload=", "a slow dependency"},
      {"POST /echo", "the body, streamed back"},
      {"GET /healthz", "alive"},
      {"GET /readyz", "ready for requests; 503 while draining"},
  });
  using enum http::Method;
  return {
      {"/demo",
       RouteLabel::demo,
       {get},
       {},
       [&shared](Exchange& exchange) { return demo(shared, exchange); }},
      {"/backend", RouteLabel::backend, {get}, {}, [](Exchange& exchange) { return backend(exchange); }},
      {"/echo", RouteLabel::echo, {post}, {}, [](Exchange& exchange) { return echo(exchange); }},
      {"/healthz",
       RouteLabel::healthz,
       {get},
       [](Exchange&) { return json_response(200, "{\"status\":\"alive\"}\n"); },
       {}},
      {"/readyz", RouteLabel::readyz, {get}, [&shared](Exchange&) { return ready(shared); }, {}},
      {"/", RouteLabel::index, {get}, [index](Exchange&) { return json_response(200, index); }, {}},
  };
}

}  // namespace server
