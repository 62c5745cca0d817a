// SPDX-License-Identifier: BSL-1.0
#include "http/server/answers.hpp"

#include <new>

#include "http/message/problem.hpp"
#include "leash/error.hpp"

namespace server {

http::Response try_again_later(std::string_view detail, std::string_view cause) {
  http::Response response = http::problem(503, detail, cause);
  response.headers.add("Retry-After", "1");
  return response;
}

std::optional<http::Response> answer_for(std::error_code cause) {
  if (cause == leash::errc::disconnected) return std::nullopt;
  if (cause == leash::errc::deadline_exceeded) {
    http::Response response =
        http::problem(504, "The request's deadline passed before it was answered.", "deadline");
    response.headers.add("X-Deadline-Expired", "1");
    return response;
  }
  http::Response response = try_again_later("The server is shutting down.", "shutdown");
  response.close = true;
  return response;
}

http::Response answer_for_exception(const std::exception_ptr& thrown, RequestRecord& record) {
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
  return http::problem(500, "The handler failed.");
}

}  // namespace server
