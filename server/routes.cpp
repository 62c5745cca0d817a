// SPDX-License-Identifier: BSL-1.0
#include "server/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
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
#include "units/size.hpp"

namespace server {

using namespace std::chrono_literals;
using http::server::Exchange;
using http::server::MaybeResponse;
using http::server::Parameters;
using leash::Result;
using leash::Task;

namespace {

constexpr auto most_latency = std::chrono::nanoseconds(60s);
constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::uint64_t small_body = 4 * 1024;
constexpr int usual_fanout = 3;

// The reason why a leaky request is refused, or null. The limit protects the machine from the demonstration.
const char* leak_limit(const Shared& shared, std::uint64_t held, const Pattern& pattern,
                       const PatternState& state) {
  if (const char* const limit = pattern.limit ? pattern.limit(state) : nullptr) return limit;
  if (shared.memory.may_leak(held)) return nullptr;
  return "This request would exceed the leak limit; leaky requests are refused until memory is freed.";
}

Task<Result<MaybeResponse>> demo(const Shared& shared, Exchange& exchange) {
  const leash::Loop& loop = exchange.worker().loop();
  const leash::TimePoint since = loop.now();
  auto& state = exchange.worker().kept<PatternState>();
  // The most that one request may hold. The memory is filled within one turn, which delays other requests.
  const std::uint64_t most_held = std::max(4 * mebibyte, usual_fanout * shared.options.leak_payload);
  Parameters parameters(exchange.query(), {"pattern", "mode", "fanout", "latency", "payload"});
  const std::string_view name = parameters.text("pattern", "mixed");
  const Pattern* pattern = name == "mixed" ? &state.next() : find_pattern(name);
  if (!pattern) parameters.fail(fmt::format("This pattern is unknown; allowed are {}.", pattern_names()));
  auto mode = static_cast<Mode>(exchange.label);
  if (const auto wanted = exchange.query().find("mode")) {
    if (!shared.options.request_mode) {
      co_return http::problem(403, "This server does not accept the parameter mode (--no-request-mode).",
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
            parameters.integer("fanout", usual_fanout, 1, 64),
            parameters.duration("latency", 5ms, most_latency),
            parameters.size("payload", shared.options.leak_payload, most_held)};
  const std::uint64_t held = work.payload * static_cast<std::uint64_t>(work.fanout);
  if (held > most_held) {
    parameters.fail(fmt::format("fanout times payload must be at most {}.", units::format_size(most_held)));
  }
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  if (!exchange.worker().memory().has_room_for(held)) {
    co_return http::server::try_again_later("The memory budget of requests is used up.", "memory");
  }
  if (const char* limit = mode == Mode::leaky ? leak_limit(shared, held, *pattern, state) : nullptr) {
    http::Response response = http::problem(503, limit, "leak-limit");
    response.headers.add("Retry-After", "10");
    co_return response;
  }
  // Memory that a leaky request leaves behind does not count for the request any more; the leak limit counts it.
  const http::server::MemoryBudget::Charge charge(exchange.worker().memory(), held);

  const PatternFunction run = mode == Mode::leaky ? pattern->leaky : pattern->fixed;
  const Result<Tally> tally = co_await run(work);
  if (!tally) {
    if (leash::is_cancellation(tally.error())) co_return std::unexpected(tally.error());
    log_limited(LogLevel::warn, "the upstream failed",
                {{"request", exchange.id()},
                 {"trace", exchange.ctx().value<leash::Trace>()->id()},
                 {"error", tally.error().message()}});
    co_return http::problem(502, "The upstream is unreachable or failed.", "upstream");
  }
  const std::chrono::duration<double, std::milli> elapsed = loop.now() - since;
  std::string reply = exchange.new_body();
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
  const std::uint64_t payload = parameters.size("payload", 0, 16 * mebibyte);
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());

  static thread_local std::minstd_rand random(std::random_device{}());
  if (jitter > 0ns) {
    latency += std::chrono::nanoseconds(
        std::uniform_int_distribution<std::int64_t>(-jitter.count(), jitter.count())(random));
  }
  const Result<> slept = co_await leash::sleep(exchange.ctx(), latency);
  if (!slept) co_return std::unexpected(slept.error());
  if (std::uniform_real_distribution<double>(0, 1)(random) < fail) {
    co_return http::problem(500, "This request fails because of the parameter fail.");
  }
  http::Response response{.content_type = "text/plain"};
  if (payload <= small_body) {
    response.body = std::string(payload, 'x') + "\n";
  } else {  // streamed, so that a slow client does not make the server hold it
    http::server::BodySource body{payload + 1,
                                  [payload](std::string& to, std::uint64_t at, std::size_t count) {
                                    to.append(count, 'x');
                                    if (at + count > payload) to.back() = '\n';
                                  }};
    exchange.made_body = std::move(body);
  }
  co_return response;
}

// Streams the body back piece by piece.
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

http::Response ready(Exchange& exchange) {
  if (!exchange.worker().service().draining.load(std::memory_order_relaxed)) {
    return http::json_response(200, exchange.new_body("{\"status\":\"ready\"}\n"));
  }
  http::Response response = http::problem(503, "The server is draining.", "shutdown");
  response.headers.add("Retry-After", "1");
  return response;
}

}  // namespace

std::vector<http::server::Route> public_routes(const Shared& shared) {
  using enum http::Method;
  return {{get, "/demo",
           "?pattern=&mode=&fanout=&latency=&payload=", "concurrent work by a pattern: " + pattern_names(),
           [&shared](Exchange& exchange) { return demo(shared, exchange); }},
          {get, "/backend", "?latency=&jitter=&fail=&payload=", "a slow dependency", backend},
          {post, "/echo", "", "the body, streamed back", echo},
          {get, "/healthz", "", "liveness",
           [](Exchange& exchange) {
             return http::json_response(200, exchange.new_body("{\"status\":\"alive\"}\n"));
           }},
          {get, "/readyz", "", "readiness; 503 while draining", ready},
          {get, "/", "", "this list", [](const Exchange& exchange) {
             return http::json_response(200, exchange.worker().service().router.index());
           }}};
}

}  // namespace server
