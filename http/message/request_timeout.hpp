// SPDX-License-Identifier: BSL-1.0
#pragma once
// The time that the caller is willing to wait, from the fields of its request.
//
// What it is     X-Request-Timeout-Ms (1 to 10 digits, milliseconds) and grpc-timeout (1 to 8 digits and one
//                of H M S m u n). Durations, never instants: clocks differ.
// Threads        any.
//
//   auto timeout = http::request_timeout(request.headers);
//   if (!timeout) return http::problem(400, timeout.error());
//   auto [ctx, cancel] = leash::with_timeout(parent, timeout->value_or(2s));

#include <chrono>
#include <expected>
#include <optional>
#include <string_view>

#include "http/message/message.hpp"

namespace http {

inline constexpr std::string_view request_timeout_field = "X-Request-Timeout-Ms";

// The smaller value if both fields are present, nullopt if neither is; 0 is a deadline that has passed. More than 292
// years count as 292 years. Error, to be answered with 400: a field is malformed or repeated; one sentence that is safe
// to send back.
std::expected<std::optional<std::chrono::nanoseconds>, std::string_view> request_timeout(
    const HeaderViews& headers);

}  // namespace http
