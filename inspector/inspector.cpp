// SPDX-License-Identifier: BSL-1.0
#include "leash/inspector.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "http/message/target.hpp"
#include "http/server/exchange.hpp"
#include "inspector/core.hpp"
#include "leash/go.hpp"
#include "leash/sleep.hpp"

namespace leash {
namespace {

using http::server::Exchange;
using http::server::Listener;
using http::server::MaybeResponse;

// "127.0.0.1:8081", "[::1]:8081", "unix:/run/app.sock".
std::expected<Listener, std::string> open_listener(asio::io_context& io, const std::string& where) {
  if (where.starts_with("unix:")) return Listener::open_unix(io, where.substr(5));
  const std::size_t colon = where.rfind(':');
  std::uint16_t port = 0;
  const char* const end = where.data() + where.size();
  const char* const digits = colon == std::string::npos ? end : where.data() + colon + 1;
  const auto parsed = std::from_chars(digits, end, port);
  if (digits == end || parsed.ptr != end || parsed.ec != std::errc()) {
    return std::unexpected(fmt::format("cannot listen on \"{}\": use ADDRESS:PORT or unix:PATH", where));
  }
  std::string host = where.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Listener::open(io, host, port);
}

Task<Result<MaybeResponse>> answer(const InspectorRoute& route, Exchange& exchange) {
  const http::Request& from = exchange.request();
  InspectorRequest request;
  request.method = from.method_name;
  request.path = from.path;
  for (const auto& [name, value] : exchange.query()) request.parameters.emplace_back(name, value);
  for (const auto& [name, value] : from.headers) request.fields.emplace_back(name, value);
  Result<std::string> body = co_await exchange.read_whole_body();
  if (!body) co_return std::unexpected(body.error());
  request.body = std::move(*body);
  InspectorResponse given = route.answer(request);
  http::Response response;
  response.status = given.status;
  response.headers.add("Content-Type", std::move(given.type));
  response.body = std::move(given.body);
  co_return response;
}

std::expected<http::server::Route, std::string> route_of(InspectorRoute route) {
  const auto method = http::parse_method(route.method);
  if (!method) return std::unexpected(fmt::format("a route has the unknown method \"{}\"", route.method));
  if (!route.path.starts_with('/')) {
    return std::unexpected(
        fmt::format("a route has the path \"{}\", which does not begin with /", route.path));
  }
  if (!route.answer)
    return std::unexpected(fmt::format("the route {} has no function that answers it", route.path));
  http::server::Route made;
  made.method = *method;
  made.path = route.path;
  made.summary = route.summary;
  made.handler = http::server::AsTask(
      [route = std::move(route)](Exchange& exchange) { return answer(route, exchange); });
  return made;
}

}  // namespace

struct Inspector::Running {
  explicit Running(inspector::Program program) : core(std::move(program)) {}
  // Its tasks end before its loop, if they react to their context within a second.
  ~Running() {
    if (!started) return;
    core.worker().post([this] {
      leash::go(core.loop().background(), end(core), "end of the inspector");
      core.loop().drain(errc::shutdown);
    });
    core.worker().join();
  }
  static Task<> end(inspector::Core& core) {
    const TimePoint until = core.loop().now() + std::chrono::seconds(1);
    while (live_tasks(core.loop()) > 1 && core.loop().now() < until)
      co_await sleep(std::chrono::milliseconds(1));
    core.loop().io().stop();
  }
  inspector::Core core;
  std::string url;
  bool started = false;
};

Inspector::Inspector(std::unique_ptr<Running> running) noexcept : running_(std::move(running)) {}
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;
Inspector::~Inspector() = default;

const std::string& Inspector::url() const noexcept { return running_->url; }

std::expected<Inspector, std::string> Inspector::start(InspectorOptions options) {
  inspector::Program program;
  program.name = std::move(options.name);
  program.token = std::move(options.token);
  program.names = std::move(options.names);
  program.stall = {.after = options.stall_after, .signal = options.stall_signal};
  program.any_name = options.listen.starts_with("unix:");
  for (InspectorRoute& each : options.routes) {
    auto route = route_of(std::move(each));
    if (!route) return std::unexpected(route.error());
    program.routes.push_back(std::move(*route));
  }
  if (options.log) {
    program.log = [log = std::move(options.log)](auto level, auto event, auto fields) {
      log(http::server::to_text(level, event, fields));
    };
  }
  try {
    auto running = std::make_unique<Running>(std::move(program));
    auto listener = open_listener(running->core.loop().io(), options.listen);
    if (!listener) return std::unexpected(listener.error());
    running->url = listener->url();
    running->core.listen(std::move(*listener));
    running->core.worker().start();
    running->started = true;
    return Inspector(std::move(running));
  } catch (const std::exception& e) {  // no descriptors, threads or memory
    return std::unexpected(std::string("the inspector cannot start: ") + e.what());
  }
}

}  // namespace leash
