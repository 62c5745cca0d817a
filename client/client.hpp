// SPDX-License-Identifier: BSL-1.0
#pragma once
// An HTTP/1.1 client that carries deadlines.
//
// What it is     call() sends a request over a pooled connection and reads the response, under a context.
// Requires       what http/serializer.hpp does of a request; the method is not CONNECT.
// Guarantees     the server is told how long the caller waits (X-Request-Timeout-Ms: the smaller of the
//                request's timeout and what remains of the context, less a margin); when nothing remains, the
//                call fails here with deadline_exceeded. A call whose context ends closes its connection. A pooled
//                connection that turns out to be closed before a byte of the response costs a second attempt,
//                on a new one, when the method is idempotent: once, and within the same time. What a server
//                may send is limited.
// Errors         client::errc, leash::errc (canceled, deadline_exceeded), the system's and the resolver's.
// Threads        the loop's thread.
// Lifetime       outlives its calls and is destroyed before its loop; idle connections keep loop.run() going.
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

// Constructors rather than an aggregate: it may stand inside an expression with co_await.
struct Request {
  explicit Request(http::Url where, std::string verb = "GET")
      : url(std::move(where)), method(std::move(verb)) {}

  http::Url url;
  std::string method;
  http::Headers headers =
      {};  // Host replaces the URL's; the serializer's own are not allowed (http/serializer.hpp)
  std::string body = {};
  std::optional<leash::Duration> timeout = {};  // for all of the call, a second attempt included
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
  std::string unix_socket = {};               // a path: all calls go there, whatever host their URLs name
  std::shared_ptr<TlsContext> tls = nullptr;  // for https; without it, such a call is an error
  // The server is told this much less than is left, or a tenth less if that is shorter, so that its own "too
  // late" arrives in time.
  leash::Duration margin = std::chrono::milliseconds(10);
};

class Client {
 public:
  explicit Client(leash::Loop& loop, const Options& options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();  // aborts when calls are in flight

  leash::Task<leash::Result<Response>> call(leash::Context ctx, Request request);

  std::size_t calls() const noexcept { return calls_; }  // in flight
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
