// SPDX-License-Identifier: BSL-1.0
#include "http/message/request_timeout.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "http/message/detail/ascii.hpp"

namespace http {
namespace {

using std::chrono::nanoseconds;

// The number, if it has 1 to `max_digits` digits.
std::optional<std::int64_t> parse_digits(std::string_view text, std::size_t max_digits) {
  if (text.empty() || text.size() > max_digits || !std::ranges::all_of(text, detail::is_digit))
    return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

std::optional<nanoseconds> parse_milliseconds(std::string_view text) {
  const auto count = parse_digits(text, 10);
  if (!count) return std::nullopt;
  return std::chrono::milliseconds{*count};  // 10 digits are 116 days: no overflow
}

std::optional<nanoseconds> parse_grpc_timeout(std::string_view text) {
  struct Unit {
    char name;
    nanoseconds duration;
  };
  using namespace std::chrono_literals;
  static constexpr std::array<Unit, 6> units = {
      {{'H', 1h}, {'M', 1min}, {'S', 1s}, {'m', 1ms}, {'u', 1us}, {'n', 1ns}}};
  if (text.empty()) return std::nullopt;
  const auto count = parse_digits(text.substr(0, text.size() - 1), 8);
  const auto unit = std::ranges::find(units, text.back(), &Unit::name);
  if (!count || unit == units.end()) return std::nullopt;
  if (*count > nanoseconds::max() / unit->duration) return nanoseconds::max();
  return *count * unit->duration;
}

}  // namespace

std::expected<std::optional<nanoseconds>, std::string_view> request_timeout(const HeaderViews& headers) {
  std::optional<nanoseconds> own;
  std::optional<nanoseconds> grpc;
  for (const auto& [name, value] : headers) {
    if (detail::iequals(name, request_timeout_field)) {
      if (own) return std::unexpected("X-Request-Timeout-Ms is repeated.");
      own = parse_milliseconds(value);
      if (!own)
        return std::unexpected("X-Request-Timeout-Ms must be 1 to 10 digits, a number of milliseconds.");
    } else if (detail::iequals(name, "grpc-timeout")) {
      if (grpc) return std::unexpected("grpc-timeout is repeated.");
      grpc = parse_grpc_timeout(value);
      if (!grpc) return std::unexpected("grpc-timeout must be 1 to 8 digits and one of H, M, S, m, u, n.");
    }
  }
  if (own && grpc) return std::min(*own, *grpc);
  return own ? own : grpc;
}

}  // namespace http
