// SPDX-License-Identifier: BSL-1.0
#pragma once
// Durations as people write them: "250us", "500ms", "1.5s", "1m", "2h".
//
// Guarantees     parse_duration(format_duration(d)) == d for every d that is not negative.
// Threads        any.
//
//   auto timeout = http::parse_duration("1.5s");  // 1'500'000'000 ns
//   if (!timeout) usage(timeout.error());

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace http {

// A number, perhaps with a fraction, and one of ns, us, ms, s, m, h; or "0". Errors, with one clear line:
// anything else, a sign, parts of a nanosecond, more than 292 years.
std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);

// The shortest exact form in the largest fitting unit: "1.5s", "90s", "2m", "0". A minus sign when negative.
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace http
