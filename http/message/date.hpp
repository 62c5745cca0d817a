// SPDX-License-Identifier: BSL-1.0
#pragma once
// The Date field: "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 section 5.6.7).
//
// Guarantees     DateCache formats at most once per second.
// Lifetime       a view is valid until the next call of at(). One cache per connection or loop.
// Threads        one at a time.
//
//   http::DateCache dates;
//   dates.at(std::chrono::system_clock::now())

#include <chrono>
#include <string>
#include <string_view>

namespace http {

// UTC; years 0 to 9999.
std::string format_date(std::chrono::sys_seconds when);

class DateCache {
 public:
  std::string_view at(std::chrono::system_clock::time_point now);

 private:
  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::min();
  std::string text_;
};

}  // namespace http
