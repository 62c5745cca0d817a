// SPDX-License-Identifier: BSL-1.0
#include "client/client.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "http/message/request_timeout.hpp"
#include "http/message/serializer.hpp"
#include "leash/error.hpp"

namespace client {
namespace {

// RFC 9110 section 9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  static constexpr std::array<std::string_view, 6> idempotent = {"GET",    "HEAD",    "PUT",
                                                                 "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(idempotent, method) != idempotent.end();
}

// Whole milliseconds, rounded down so that the server gives up first; at least 1 and at most 10 digits.
std::string in_milliseconds(leash::Duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return std::to_string(std::clamp<std::int64_t>(ms, 1, 9'999'999'999));
}

std::string serialize(const Request& request, const std::string& user_agent,
                      std::optional<leash::Duration> server_may_take) {
  http::OutgoingRequest message;
  message.method = request.method;
  message.target = request.url.target;
  message.host = request.url.authority();
  for (const auto& [name, value] : request.headers) {
    if (http::detail::iequals(name, "Host")) {
      message.host = value;
    } else {
      message.headers.add(name, value);
    }
  }
  if (server_may_take && !request.headers.find(http::request_timeout_field)) {
    message.headers.add(std::string(http::request_timeout_field), in_milliseconds(*server_may_take));
  }
  if (!user_agent.empty() && !request.headers.find("User-Agent"))
    message.headers.add("User-Agent", user_agent);
  std::string bytes;
  http::append_request_head(bytes, message, request.body.size());
  bytes += request.body;
  return bytes;
}

class Counted {
 public:
  explicit Counted(std::size_t& count) noexcept : count_(++count) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::size_t& count_;
};

}  // namespace

Client::Client(leash::Loop& loop, const Options& options)
    : loop_(loop), options_(options), pool_(loop, options.pool) {}

Client::~Client() { leash::check(calls_ == 0, "client::Client destroyed while calls are in flight"); }

leash::Task<leash::Result<Response>> Client::call(leash::Context ctx, Request request) {
  leash::check(request.method != "CONNECT", "client::Client: CONNECT is not supported");
  const Counted in_flight(calls_);
  std::optional<leash::Cancelable> own;
  if (request.timeout) {
    own.emplace(leash::with_timeout(ctx, *request.timeout));
    ctx = own->ctx;
  }
  Origin origin(request.url);
  origin.unix_socket = options_.unix_socket;
  std::unique_ptr<Connection> connection = pool_.take(origin);
  for (;;) {
    const bool reused = connection != nullptr;
    if (!reused) {
      connection = std::make_unique<Connection>(loop_.io(), options_.response, options_.tls);
      auto connected = co_await connection->connect(ctx, origin);
      if (!connected) co_return std::unexpected(connected.error());
    }
    Response response;
    auto done = co_await attempt(ctx, request, *connection, response);
    if (done) {
      pool_.put(origin, std::move(connection));
      co_return std::move(response);
    }
    const bool again = reused && done.error() == errc::refused && is_idempotent(request.method);
    if (!again) co_return std::unexpected(done.error());
    connection = nullptr;
  }
}

leash::Task<leash::Result<>> Client::attempt(leash::Context ctx, const Request& request,
                                             Connection& connection, Response& response) {
  const auto remaining = ctx.remaining();
  if (remaining && *remaining <= leash::Duration::zero()) {
    connection.close();
    co_return std::unexpected(make_error_code(leash::errc::deadline_exceeded));
  }
  std::optional<leash::Duration> server_may_take;
  if (remaining) server_may_take = *remaining - std::min(options_.margin, *remaining / 10);
  const std::string bytes = serialize(request, options_.user_agent, server_may_take);
  const auto kind = request.method == "HEAD" ? http::RequestKind::head : http::RequestKind::other;
  auto received = co_await connection.exchange(ctx, bytes, kind, &response.body);
  if (!received) co_return received;
  const http::ResponseHead& head = connection.head();
  response.status = head.status;
  response.reason = head.reason;
  for (const auto& [name, value] : head.headers) response.headers.add(std::string(name), std::string(value));
  co_return leash::Result<>();
}

}  // namespace client
