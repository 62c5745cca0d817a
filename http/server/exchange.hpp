// SPDX-License-Identifier: BSL-1.0
#pragma once
// One request, as seen by its handler.
//
// What it is     the parsed head, the request's context, and ways to read the body and to stream a response.
// Requires       used only by the request's handler, while it runs.
// Guarantees     ctx() is done when the response has been written (cause finished; for a handler that runs at once,
//                when it has returned), the deadline passes (deadline), the client disconnects (disconnected) or the
//                server drains (shutdown).
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
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/message/message.hpp"
#include "http/message/target.hpp"
#include "http/server/output.hpp"
#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace http::server {

class Connection;
class Worker;

// A response to write, or nothing if the handler has streamed it.
using MaybeResponse = std::optional<Response>;

class Exchange {
 public:
  Exchange(Connection& connection, const Request& request, const Query& query, std::uint64_t id,
           leash::Context parent, leash::TimePoint deadline, std::size_t usual_label)
      : label(usual_label),
        connection_(connection),
        request_(request),
        query_(query),
        id_(id),
        parent_(std::move(parent)),
        deadline_(deadline) {}

  const Request& request() const noexcept { return request_; }
  const Query& query() const noexcept { return query_; }
  std::uint64_t id() const noexcept { return id_; }
  // The request's context. It is made when it is first needed: a handler that runs at once rarely does.
  const leash::Context& ctx();

  // Ends the context, if it was made; its cause, once it is done.
  void cancel(std::error_code cause) noexcept;
  std::error_code cause() const noexcept;

  Worker& worker() const noexcept;

  // The next piece of the body, empty at its end; valid until the next call. If the body is invalid, too large or too
  // late, a handler that returns this error causes a response with the right status.
  leash::Task<leash::Result<std::string_view>> read_body();
  // The rest of the body; an error, which is answered with 413, if it is larger than `most` bytes.
  leash::Task<leash::Result<std::string>> read_whole_body(
      std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

  // Streams a response: begin, then pieces. The connection ends the body when the handler returns no response. The first
  // 4 KiB are held back until more follows or the end: if the handler fails before, the client gets an error response.
  leash::Task<leash::Result<>> begin(Response head, std::optional<std::uint64_t> body_size);
  leash::Task<leash::Result<>> write(std::string_view piece);

  // A string for the body of a response, in memory of earlier ones.
  std::string new_body(std::string_view text = {});

  // A body that is produced as the client takes it; replaces the body of the returned response
  // (status 200).
  std::optional<BodySource> made_body;

  // The value of the program's label in the request's metrics (service.hpp).
  std::size_t label;

 private:
  Connection& connection_;
  const Request& request_;
  const Query& query_;
  std::uint64_t id_;
  leash::Context parent_;
  leash::TimePoint deadline_;
  std::optional<leash::Cancelable> own_;
};

}  // namespace http::server
