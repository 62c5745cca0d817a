// SPDX-License-Identifier: BSL-1.0
#pragma once
// One run of a handler that is a task, and the response that results from it.
//
// Guarantees     exceptions of the handler are logged, even if they come too late for the response.
// Threads        the connection's loop's.
// Lifetime       outlives the task of run().
//
//   http::server::HandlerRun handler(exchange, record, body);
//   s.go(handler.run(route_handler, std::move(returned)), "handler");
//   ...
//   if (auto response = handler.response()) respond(*response);

#include <exception>
#include <optional>
#include <string_view>
#include <system_error>

#include "http/message/message.hpp"
#include "http/server/request_body.hpp"
#include "http/server/request_record.hpp"
#include "http/server/router.hpp"
#include "leash/done.hpp"

namespace http::server {

// 503 with Retry-After.
Response try_again_later(std::string_view detail, std::string_view cause);

// The response to a request whose context is done, by cause; empty if the client has disconnected.
std::optional<Response> response_for(std::error_code cause);

// The response after a handler threw: 500, or 503 for lack of memory. The exception is logged.
Response response_for_exception(const std::exception_ptr& thrown, RequestRecord& record);

class HandlerRun {
 public:
  HandlerRun(Exchange& exchange, RequestRecord& record, const RequestBody& body) noexcept
      : exchange_(exchange), record_(record), body_(body) {}
  HandlerRun(const HandlerRun&) = delete;
  HandlerRun& operator=(const HandlerRun&) = delete;

  leash::Task<> run(const AsTask& handler, leash::DoneSource returned);

  // Whether the handler has returned a success.
  bool succeeded() const noexcept { return returned_ && *returned_; }
  bool found_client_gone() const noexcept;
  void log_exception();  // if the handler threw
  // Empty if the client has disconnected.
  std::optional<Response> response();

 private:
  Exchange& exchange_;
  RequestRecord& record_;
  const RequestBody& body_;
  std::optional<leash::Result<MaybeResponse>> returned_;
  std::exception_ptr thrown_;  // or the exception that escaped it
};

}  // namespace http::server
