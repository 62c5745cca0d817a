// SPDX-License-Identifier: BSL-1.0
#include "units/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace units {
namespace {

// "-1234.5" → "-1,234.5"
std::string grouped(std::string text) {
  const auto first = text.starts_with('-') ? std::size_t{1} : std::size_t{0};
  for (auto at = std::min(text.find('.'), text.size()); at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

template <class Number>
std::optional<Number> parse(std::string_view text) noexcept {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) noexcept {
  const auto value = parse<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) noexcept {
  return parse<std::uint64_t>(text);
}

std::string format_count(std::int64_t value) { return grouped(std::to_string(value)); }

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(std::to_string(count)), noun, count == 1 ? "" : "s");
}

std::string format_change(std::int64_t difference) {
  return difference == 0 ? std::string() : fmt::format("{:+}", difference);
}

std::string format_fixed(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find_first_not_of("-0.") == std::string::npos) std::erase(text, '-');  // -0.00
  return grouped(std::move(text));
}

std::string format_rounded(double value) {
  const double size = std::abs(value);
  return format_fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

}  // namespace units
