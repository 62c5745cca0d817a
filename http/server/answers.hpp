// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a client is told when the handler has no answer for it.
//
// Threads        any, but for the record's.
//
//   if (auto response = server::answer_for(request_ctx.cause())) respond(*response);

#include <exception>
#include <optional>
#include <string_view>
#include <system_error>

#include "http/message/message.hpp"
#include "http/server/request_record.hpp"

namespace server {

// 503 with Retry-After.
http::Response try_again_later(std::string_view detail, std::string_view cause);

// For a request whose context is done, by the cause; nothing when the client has gone.
std::optional<http::Response> answer_for(std::error_code cause);

// For a handler that threw, 500; without memory, 503. What it threw goes to the log.
http::Response answer_for_exception(const std::exception_ptr& thrown, RequestRecord& record);

}  // namespace server
