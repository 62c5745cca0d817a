// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads the bodies of a connection's requests.
//
// What it is     sends "100 Continue" if the client waits for it, waits for bytes, and keeps the error.
// Threads        the connection's loop's.
// Lifetime       outlives the tasks of next().
//
//   body.start();                        // the head of a request is complete
//   auto piece = co_await body.next(ctx);  // empty: the body has ended
//   if (!body.discard()) closing = true;

#include <chrono>
#include <string_view>
#include <system_error>

#include "http/message/request_parser.hpp"
#include "http/server/input.hpp"
#include "http/server/output.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace http::server {

class RequestBody {
 public:
  // `timeout` is the longest time between two reads.
  RequestBody(RequestParser& parser, Input& input, Output& output, std::chrono::nanoseconds timeout)
      : parser_(parser), input_(input), output_(output), timeout_(timeout) {}

  void start() noexcept;
  // The next piece, valid until the next call; empty at the end. If the error is the client's fault, fault() has the
  // status to answer with.
  leash::Task<leash::Result<std::string_view>> next(leash::Context ctx);
  // Skips the unread rest. Returns false if it is invalid or not complete; the connection must end then.
  bool discard();

  // The error for a handler that does not accept more; it is answered with 413.
  std::error_code too_large() noexcept;

  // Status 0: no fault.
  const ParseError& fault() const noexcept { return fault_; }

 private:
  RequestParser& parser_;
  Input& input_;
  Output& output_;
  std::chrono::nanoseconds timeout_;
  bool continue_owed_ = false;
  ParseError fault_;
};

}  // namespace http::server
