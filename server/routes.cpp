#include "server/routes.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <random>

#include "http/duration.hpp"
#include "http/problem.hpp"
#include "http/size.hpp"
#include "leash/sleep.hpp"
#include "server/patterns/pattern.hpp"
#include "server/worker.hpp"

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

// Reads parameters of a query and remembers the first that is wrong.
class Parameters {
 public:
  explicit Parameters(const http::Query& query, std::initializer_list<std::string_view> known)
      : query_(query) {
    for (const auto& parameter : query) {
      if (std::find(known.begin(), known.end(), parameter.name) != known.end()) continue;
      std::string names;
      for (const auto name : known) names += (names.empty() ? "" : ", ") + std::string(name);
      fail("A parameter of the query is unknown; allowed are " + names + ".");
    }
  }

  std::string_view text(std::string_view name, std::string_view otherwise) const {
    return query_.find(name).value_or(otherwise);
  }

  std::chrono::nanoseconds duration(std::string_view name, std::chrono::nanoseconds otherwise,
                                    std::chrono::nanoseconds most) {
    const auto given = query_.find(name);
    if (!given) return otherwise;
    const auto value = http::parse_duration(*given);
    if (value && *value <= most) return *value;
    fail(std::string(name) + " must be a duration from 0 to " + http::format_duration(most) +
         ", such as 5ms.");
    return otherwise;
  }

  std::uint64_t size(std::string_view name, std::uint64_t otherwise, std::uint64_t most) {
    const auto given = query_.find(name);
    if (!given) return otherwise;
    const auto value = http::parse_size(*given);
    if (value && *value <= most) return *value;
    fail(std::string(name) + " must be a size from 0 to " + http::format_size(most) + ", such as 16KiB.");
    return otherwise;
  }

  int integer(std::string_view name, int otherwise, int least, int most) {
    const auto given = query_.find(name);
    if (!given) return otherwise;
    int value = 0;
    const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
    if (error == std::errc() && end == given->data() + given->size() && value >= least && value <= most)
      return value;
    fail(std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
         std::to_string(most) + ".");
    return otherwise;
  }

  double probability(std::string_view name) {
    const auto given = query_.find(name);
    if (!given) return 0;
    double value = 0;
    const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
    if (error == std::errc() && end == given->data() + given->size() && value >= 0 && value <= 1)
      return value;
    fail(std::string(name) + " must be a probability from 0 to 1, such as 0.1.");
    return 0;
  }

  void fail(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }
  const std::string& problem() const noexcept { return problem_; }

 private:
  const http::Query& query_;
  std::string problem_;
};

constexpr auto most_latency = std::chrono::nanoseconds(60s);
constexpr std::uint64_t most_payload = 16 * 1024 * 1024;

Task<Result<Answer>> demo(Shared& shared, Exchange& exchange) {
  const leash::TimePoint since = exchange.worker().loop().now();
  Parameters parameters(exchange.query(), {"pattern", "mode", "fanout", "latency", "payload"});
  const std::string_view name = parameters.text("pattern", "mixed");
  const Pattern* pattern = name == "mixed" ? &exchange.worker().next_pattern() : find_pattern(name);
  if (!pattern) parameters.fail("This pattern is unknown; allowed are " + pattern_names() + ".");
  Mode mode = exchange.worker().mode();
  if (const auto wanted = exchange.query().find("mode")) {
    const auto parsed = parse_mode(*wanted);
    if (!parsed) parameters.fail("This mode is unknown; allowed are fixed, leaky.");
    mode = parsed.value_or(mode);
  }
  exchange.mode = mode;
  Demo work{exchange.ctx(),
            exchange.worker().loop().background(),
            &exchange.worker().parked,
            parameters.integer("fanout", 3, 1, 64),
            parameters.duration("latency", 5ms, most_latency),
            parameters.size("payload", shared.options.leak_payload, most_payload)};
  if (!parameters.problem().empty()) co_return http::problem(400, parameters.problem());
  if (mode == Mode::leaky && shared.leak_limit_reached.load(std::memory_order_relaxed)) {
    http::Response response = http::problem(
        503, "Resident memory is above the leak limit; leaky requests are refused until it is below.",
        "leak-limit");
    response.headers.add("Retry-After", "10");
    co_return response;
  }

  const PatternFunction run = mode == Mode::leaky ? pattern->leaky : pattern->fixed;
  const Result<Tally> tally = co_await run(work);
  if (!tally) co_return std::unexpected(tally.error());
  const ordered_json reply{
      {"pattern", pattern->name},
      {"mode", to_string(mode)},
      {"request", exchange.id()},
      {"started", tally->started},
      {"joined", tally->joined},
      {"left", tally->left()},
      {"elapsed_ms",
       std::chrono::duration<double, std::milli>(exchange.worker().loop().now() - since).count()}};
  co_return json_response(200, reply.dump() + "\n");
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
