// SPDX-License-Identifier: BSL-1.0
#include "server/routes.hpp"

#include <random>

#include "http/message/json_writer.hpp"
#include "http/message/problem.hpp"
#include "http/server/parameters.hpp"
#include "http/server/worker.hpp"
#include "leash/sleep.hpp"
#include "leash/trace.hpp"
#include "server/log.hpp"
#include "server/mode.hpp"
#include "server/patterns/pattern.hpp"

namespace server {

using namespace std::chrono_literals;
using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Parameters;
using leash::Result;
using leash::Task;

namespace {

constexpr auto most_latency = std::chrono::nanoseconds(60s);
constexpr std::uint64_t most_payload = 16 * 1024 * 1024;

// Why a leaky request must not be served any more, so that a demonstration does not take the machine along.
const char* leak_limit(const Shared& shared, const Pattern& pattern, const PatternState& state) {
  if (shared.leak_limit_reached.load(std::memory_order_relaxed)) {
    return "Resident memory is above the leak limit; leaky requests are refused until it is below.";
  }
  return pattern.limit ? pattern.limit(state) : nullptr;
}

Task<Result<MaybeResponse>> demo(const Shared& shared, Exchange& exchange) {
  const leash::Loop& loop = exchange.worker().loop();
  const leash::TimePoint since = loop.now();
  auto& state = exchange.worker().kept<PatternState>();
  Parameters parameters(exchange.query(), {"pattern", "mode", "fanout", "latency", "payload"});
  const std::string_view name = parameters.text("pattern", "mixed");
  const Pattern* pattern = name == "mixed" ? &state.next() : find_pattern(name);
  if (!pattern) parameters.fail("This pattern is unknown; allowed are " + pattern_names() + ".");
  auto mode = static_cast<Mode>(exchange.label);
  if (const auto wanted = exchange.query().find("mode")) {
    if (!shared.options.request_mode) {
      co_return http::problem(403, "The mode of this server cannot be chosen for one request.",
                              "request-mode");
    }
    const auto parsed = parse_mode(*wanted);
    if (!parsed) parameters.fail("This mode is unknown; allowed are fixed, leaky.");
    mode = parsed.value_or(mode);
  }
  exchange.label = static_cast<std::size_t>(mode);
  Demo work{exchange.ctx(),
            loop.background(),
            &state,
            parameters.integer("fanout", 3, 1, 64),
            parameters.duration("latency", 5ms, most_latency),
            parameters.size("payload", shared.options.leak_payload, most_payload)};
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  if (const char* limit = mode == Mode::leaky ? leak_limit(shared, *pattern, state) : nullptr) {
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
  const std::chrono::duration<double, std::milli> elapsed = loop.now() - since;
  std::string reply;
  http::JsonWriter json(reply);
  json.begin_object().member("pattern", pattern->name).member("mode", to_string(mode));
  json.member("request", exchange.id()).member("started", tally->started).member("joined", tally->joined);
  json.member("left", tally->left()).member("elapsed_ms", elapsed.count()).end_object();
  reply += '\n';
  co_return http::json_response(200, std::move(reply));
}

Task<Result<MaybeResponse>> backend(Exchange& exchange) {
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
Task<Result<MaybeResponse>> echo(Exchange& exchange) {
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

http::Response ready(const Exchange& exchange) {
  if (!exchange.worker().service().draining.load(std::memory_order_relaxed)) {
    return http::json_response(200, "{\"status\":\"ready\"}\n");
  }
  http::Response response = http::problem(503, "The server is draining.", "shutdown");
  response.headers.add("Retry-After", "1");
  return response;
}

}  // namespace

std::vector<http::server::Route> public_routes(const Shared& shared) {
  using enum http::Method;
  return {{get, "/demo", "?pattern=&mode=&fanout=&latency=&payload=",
           "real concurrent work by a pattern: " + pattern_names(),
           [&shared](Exchange& exchange) { return demo(shared, exchange); }},
          {get, "/backend", "?latency=&jitter=&fail=&payload=", "a slow dependency", backend},
          {post, "/echo", "", "the body, streamed back", echo},
          {get, "/healthz", "", "alive",
           [](Exchange&) { return http::json_response(200, "{\"status\":\"alive\"}\n"); }},
          {get, "/readyz", "", "ready for requests; 503 while draining", ready},
          {get, "/", "", "this list", [](const Exchange& exchange) {
             return http::json_response(200, exchange.worker().service().router.index());
           }}};
}

}  // namespace server
