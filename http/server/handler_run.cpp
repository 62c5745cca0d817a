// SPDX-License-Identifier: BSL-1.0
#include "http/server/handler_run.hpp"

#include <new>
#include <utility>

#include "http/message/problem.hpp"
#include "leash/error.hpp"

namespace http::server {

Response try_again_later(std::string_view detail, std::string_view cause) {
  Response response = problem(503, detail, cause);
  response.headers.add("Retry-After", "1");
  return response;
}

std::optional<Response> response_for(std::error_code cause) {
  if (cause == leash::errc::disconnected) return std::nullopt;
  if (cause == leash::errc::deadline_exceeded) {
    Response response = problem(504, "The request's deadline passed before it was answered.", "deadline");
    response.headers.add("X-Deadline-Expired", "1");
    return response;
  }
  Response response = try_again_later("The server is shutting down.", "shutdown");
  response.close = true;
  return response;
}

Response response_for_exception(const std::exception_ptr& thrown, RequestRecord& record) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::bad_alloc& e) {
    record.failed("no memory for a request", e.what());
    return try_again_later("There is not enough memory for this request.", "memory");
  } catch (const std::exception& e) {
    record.failed("a handler threw", e.what());
  } catch (...) {
    record.failed("a handler threw", "not a std::exception");
  }
  return problem(500, "The handler failed.");
}

leash::Task<> HandlerRun::run(const AsTask& handler, leash::DoneSource returned) {
  const leash::DoneSource at_end = std::move(returned);
  try {
    returned_ = co_await handler(exchange_);
  } catch (...) {  // a canceled scope would not return it
    thrown_ = std::current_exception();
  }
}

bool HandlerRun::found_client_gone() const noexcept {
  return returned_ && !*returned_ && returned_->error() == leash::errc::disconnected;
}

void HandlerRun::log_exception() {
  if (thrown_) (void)response_for_exception(thrown_, record_);
}

std::optional<Response> HandlerRun::response() {
  if (thrown_) return response_for_exception(thrown_, record_);
  if (body_.fault().status != 0) {
    Response response = problem(body_.fault().status, body_.fault().detail);
    response.close = true;
    record_.cause = body_.fault().detail;
    return response;
  }
  leash::check(returned_.has_value(), "a handler has ended without a result and without an exception");
  if (*returned_ && **returned_) return std::move(**returned_);
  const std::error_code error = *returned_ ? make_error_code(std::errc::no_message) : returned_->error();
  if (leash::is_cancellation(error) && exchange_.ctx().is_done())
    return response_for(exchange_.ctx().cause());
  if (error == leash::errc::deadline_exceeded || error == leash::errc::disconnected) {
    record_.cause = error.message();  // an upstream with a shorter deadline reports it first
    return response_for(error);
  }
  record_.failed("a handler failed", error.message());
  return problem(500, "The handler failed.");
}

}  // namespace http::server
