// SPDX-License-Identifier: BSL-1.0
#pragma once
// One request, as its handler sees it.
//
// What it is     the parsed head, the request's context, and ways to read the body and to stream a response.
// Requires       used by the request's handler alone, while it runs.
// Guarantees     ctx() is done when the response has been written (cause finished), the deadline passes
//                (deadline), the client goes away (disconnected) or the server drains (shutdown).
// Threads        the connection's loop's.
// Lifetime       ends with the handler: tasks that may outlive the handler must not refer to it.
//
//   leash::Task<leash::Result<http::server::MaybeResponse>> hello(http::server::Exchange& exchange) {
//     auto slept = co_await leash::sleep(exchange.ctx(), 5ms);
//     if (!slept) co_return std::unexpected(slept.error());
//     co_return http::Response{.status = 200, .body = "hello\n"};
//   }

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "http/message/message.hpp"
#include "http/message/target.hpp"
#include "http/server/output.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace http::server {

class Connection;
class Worker;

// A response to be written, or nothing: the handler has streamed it.
using MaybeResponse = std::optional<Response>;

class Exchange {
 public:
  Exchange(Connection& connection, const Request& request, Query query, std::uint64_t id,
           const leash::Context& ctx, std::size_t usual_label)
      : label(usual_label),
        connection_(connection),
        request_(request),
        query_(std::move(query)),
        id_(id),
        ctx_(ctx) {}

  const Request& request() const noexcept { return request_; }
  const Query& query() const noexcept { return query_; }
  std::uint64_t id() const noexcept { return id_; }
  const leash::Context& ctx() const noexcept { return ctx_; }

  Worker& worker() const noexcept;

  // The next piece of the body, empty at its end; valid until the next call. When the body is wrong, too
  // large or too late, a handler that returns the error it gets here has the right status answered.
  leash::Task<leash::Result<std::string_view>> read_body();
  // All that is left of it; an error, which is answered with 413, when that is more than `most` bytes.
  leash::Task<leash::Result<std::string>> read_whole_body(
      std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

  // Streams a response: begin, then pieces. The connection ends the body when the handler returns no response. The
  // first 4 KiB leave together, or at the end: a handler that fails before is answered for as if it had not begun.
  leash::Task<leash::Result<>> begin(Response head, std::optional<std::uint64_t> body_size);
  leash::Task<leash::Result<>> write(std::string_view piece);

  // In place of the body of the response (status 200) that the handler returns: one that is made as the client takes
  // it.
  std::optional<BodySource> made_body;

  // Which value of the program's label its metrics have (service.hpp).
  std::size_t label;

 private:
  Connection& connection_;
  const Request& request_;
  Query query_;
  std::uint64_t id_;
  leash::Context ctx_;
};

}  // namespace http::server
