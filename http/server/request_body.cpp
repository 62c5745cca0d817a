// SPDX-License-Identifier: BSL-1.0
#include "http/server/request_body.hpp"

#include <span>
#include <utility>

#include "http/message/serializer.hpp"

namespace http::server {

using leash::Context;
using leash::Result;
using leash::Task;

void RequestBody::start() noexcept {
  continue_owed_ = parser_.request().expect_continue;
  fault_ = {};
}

Task<Result<std::string_view>> RequestBody::next(Context ctx) {
  if (ctx.is_done()) co_return std::unexpected(ctx.err());  // the connection may have answered already
  // Not needed if some of the body has arrived (RFC 9110 section 10.1.1), or if the response has begun.
  if (std::exchange(continue_owed_, false) && input_.unread().empty() && !output_.stream()) {
    append_continue(output_.buffer());
    const Result<> sent = co_await output_.flush(ctx);
    if (!sent) co_return std::unexpected(sent.error());
  }
  for (;;) {
    if (parser_.complete()) co_return std::string_view();
    const ParseStep step = parser_.feed(input_.unread());
    input_.consume(step.consumed);
    if (step.event == ParseEvent::body) co_return step.body;
    if (step.event == ParseEvent::error) {
      fault_ = parser_.error();
      co_return std::unexpected(std::make_error_code(std::errc::bad_message));
    }
    if (parser_.complete() || !input_.unread().empty()) continue;
    auto [time, cancel] = leash::with_timeout(ctx, timeout_);
    const Result<> more = co_await input_.wait(time);
    if (!more) {
      const bool of_the_request = ctx.is_done() || ctx.remaining() == leash::Duration::zero();
      if (!of_the_request && more.error() == leash::errc::deadline_exceeded) {
        fault_ = {.status = 408, .detail = "The request's body did not arrive in time."};
        co_return std::unexpected(std::make_error_code(std::errc::bad_message));
      }
      co_return std::unexpected(more.error());
    }
  }
}

std::error_code RequestBody::too_large() noexcept {
  fault_ = {.status = 413, .detail = "The body is larger than this resource takes."};
  return std::make_error_code(std::errc::bad_message);
}

bool RequestBody::discard() {
  while (!parser_.complete()) {
    const std::span<const char> bytes = input_.unread();
    const ParseStep step = parser_.feed(bytes);
    input_.consume(step.consumed);
    if (step.event == ParseEvent::error) return false;
    if (step.event == ParseEvent::need_more && input_.unread().empty()) return false;
  }
  return true;
}

}  // namespace http::server
