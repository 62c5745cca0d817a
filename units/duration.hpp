// SPDX-License-Identifier: BSL-1.0
#pragma once
// Durations as people write them, "250us", "500ms", "1.5s", "1m", "2h", and as people read them, "5.31 ms".
//
// Guarantees     parse_duration(format_duration(d)) == d for every d that is not negative.
// Threads        any.
//
//   auto timeout = units::parse_duration("1.5s");  // 1'500'000'000 ns
//   if (!timeout) usage(timeout.error());
//   units::format_duration(1500ms)   // "1.5s"
//   units::rounded_duration(5312us)  // "5.31 ms"

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace units {

// A number, perhaps with a fraction, and one of ns, us, ms, s, m, h; or "0". Errors, with one clear line:
// anything else, a sign, parts of a nanosecond, more than 292 years.
std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text);

// What was configured: the shortest exact form in the largest fitting unit, "1.5s", "90s", "2m", "0". A minus sign when
// negative.
std::string format_duration(std::chrono::nanoseconds duration);

// What was measured: three significant digits, "12.3 ms", "3.00 min".
std::string rounded_duration(std::chrono::nanoseconds duration);

// For what may be any number, out of range as well.
std::chrono::nanoseconds from_seconds(double seconds) noexcept;
inline double to_seconds(std::chrono::nanoseconds duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace units
