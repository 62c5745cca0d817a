// SPDX-License-Identifier: BSL-1.0
#pragma once
// An HTTP/1.1 client that carries deadlines.
//
// What it is     call() sends a request over a pooled connection and reads the response, under a context.
// Requires       the request meets the requirements of http/message/serializer.hpp; the method is not CONNECT.
// Guarantees     X-Request-Timeout-Ms tells the server how long the caller waits: the smaller of the request's
//                timeout and the remaining time of the context, minus a margin. If no time remains, the call fails
//                with deadline_exceeded and sends nothing. A call whose context ends closes its connection. If a
//                pooled connection turns out to be closed before the first byte of the response, an idempotent
//                request is sent a second time, once, on a new connection and within the same timeout. The size of
//                a response is limited.
// Errors         client::errc, leash::errc (canceled, deadline_exceeded), errors of the system and the resolver.
// Threads        the loop's thread.
// Lifetime       outlives its calls and is destroyed before its loop; idle connections keep loop.run() running.
//
//   client::Client http(loop);
//   client::Request request(*http::parse_url("http://127.0.0.1:8080/demo"));
//   request.timeout = 500ms;
//   auto response = co_await http.call(ctx, std::move(request));
//   if (!response) co_return std::unexpected(response.error());
//   use(response->status, response->body);

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/connection_pool.hpp"
#include "client/error.hpp"
#include "http/message/limits.hpp"
#include "http/message/message.hpp"
#include "http/message/target.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace client {

// It has constructors and is not an aggregate, so that it can be used inside an expression with co_await (GCC 12).
struct Request {
  explicit Request(http::Url where, std::string verb = "GET")
      : url(std::move(where)), method(std::move(verb)) {}

  http::Url url;
  std::string method;
  http::Headers headers = {};  // Host replaces the URL's; fields that the serializer sets are not allowed
  std::string body = {};
  std::optional<leash::Duration> timeout = {};  // for the whole call, including a second attempt
};

struct Response {
  int status = 0;
  std::string reason = {};
  http::Headers headers = {};
  std::string body = {};
};

struct Options {
  PoolLimits pool = {};
  http::ResponseLimits response = {};
  std::string user_agent = "leash";
  std::string unix_socket = {};               // a path: all calls use it, whatever host their URLs name
  std::shared_ptr<TlsContext> tls = nullptr;  // for https; without it, an https call fails
  // The server gets this much less time than remains, or a tenth less if that is shorter, so that its own 504
  // response arrives in time.
  leash::Duration margin = std::chrono::milliseconds(10);
};

class Client {
 public:
  explicit Client(leash::Loop& loop, const Options& options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();  // aborts if calls are in flight

  leash::Task<leash::Result<Response>> call(leash::Context ctx, Request request);

  std::size_t calls() const noexcept { return calls_; }  // in flight now
  std::size_t idle_connections() const noexcept { return pool_.size(); }
  void close_idle() noexcept { pool_.clear(); }

 private:
  leash::Task<leash::Result<>> attempt(leash::Context ctx, const Request& request, Connection& connection,
                                       Response& response);

  leash::Loop& loop_;
  Options options_;
  ConnectionPool pool_;
  std::size_t calls_ = 0;  // in flight
};

}  // namespace client
