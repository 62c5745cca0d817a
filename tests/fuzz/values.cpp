// SPDX-License-Identifier: BSL-1.0
// Durations, sizes and dates: the formats that people and peers write, and those that leash writes.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>

#include "http/message/date.hpp"
#include "tests/fuzz/require.hpp"
#include "units/duration.hpp"
#include "units/size.hpp"

namespace {

using fuzz::require;
using std::chrono::nanoseconds;

void fuzz_text(std::string_view text) {
  const auto duration = units::parse_duration(text);
  if (duration) {
    require(*duration >= nanoseconds::zero(), "a duration is not negative");
    require(units::parse_duration(units::format_duration(*duration)) == duration,
            "a duration can be written again");
  } else {
    fuzz::require_sentence(duration.error());
  }
  const auto size = units::parse_size(text);
  if (size) {
    require(units::parse_size(std::to_string(*size)) == size, "a size can be written again, in bytes");
  } else {
    fuzz::require_sentence(size.error());
  }
}

void fuzz_duration(std::int64_t count) {
  const std::string text = units::format_duration(nanoseconds{count});
  const auto again = units::parse_duration(count < 0 ? text.substr(1) : text);
  if (count >= 0) return require(again && again->count() == count, "what is written can be read");
  require(text.starts_with('-'), "what is negative says so");
  if (count != std::numeric_limits<std::int64_t>::min())
    require(again && again->count() == -count, "likewise");
}

void fuzz_size(std::uint64_t bytes) {
  fuzz::require_sentence(units::format_size(bytes));
  require(units::parse_size(std::to_string(bytes) + "B") == bytes, "bytes are bytes");
  const auto larger = units::parse_size(std::to_string(bytes) + "KiB");
  require(larger.has_value() == (bytes >> 54 == 0), "a size has 64 bits");
  if (larger) require(*larger == bytes * 1024, "a KiB has 1024 bytes");
}

// The C library must agree.
void fuzz_date(std::uint64_t seed) {
  constexpr std::int64_t year_0 = -62'167'219'200;
  constexpr std::int64_t year_10000 = 253'402'300'800;
  const auto seconds =
      year_0 + static_cast<std::int64_t>(seed % static_cast<std::uint64_t>(year_10000 - year_0));
  const std::time_t time = seconds;
  std::tm parts{};
  require(gmtime_r(&time, &parts) != nullptr, "the C library knows this time");
  std::array<char, 64> front{};
  std::array<char, 64> back{};
  require(std::strftime(front.data(), front.size(), "%a, %d %b ", &parts) > 0, "it has a date");
  require(std::strftime(back.data(), back.size(), " %H:%M:%S GMT", &parts) > 0, "and a time");
  std::array<char, 16> year{};
  std::snprintf(year.data(), year.size(), "%04d", parts.tm_year + 1900);
  const std::string expected = std::string(front.data()) + year.data() + back.data();
  const std::chrono::sys_seconds when{std::chrono::seconds{seconds}};
  require(http::format_date(when) == expected, "a date is what the C library says");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_text({reinterpret_cast<const char*>(data), size});
  std::uint64_t number = 0;
  std::memcpy(&number, data, std::min(size, sizeof number));
  fuzz_duration(static_cast<std::int64_t>(number));
  fuzz_size(number);
  fuzz_date(number);
  return 0;
}
