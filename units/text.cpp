// SPDX-License-Identifier: BSL-1.0
#include "units/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace loadgen {
namespace {

std::string blanks(std::string_view text, std::size_t width) {
  const auto taken = cells(text);
  return std::string(taken < width ? width - taken : 0, ' ');
}

// "-1234.5" → "-1,234.5"
std::string grouped(std::string text) {
  const auto first = text.starts_with('-') ? std::size_t{1} : std::size_t{0};
  for (auto at = std::min(text.find('.'), text.size()); at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

// How many digits after the point make three significant ones.
int digits_for(double value) { return value < 9.995 ? 2 : value < 99.95 ? 1 : 0; }

}  // namespace

std::optional<double> parse_number(std::string_view text) noexcept {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string format_count(std::int64_t value) { return grouped(std::to_string(value)); }

std::string format_fixed(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  std::array<char, 512> buffer;  // the largest double has 309 digits
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, digits)
          .ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_not_of("-0.") == std::string::npos) std::erase(text, '-');  // -0.00
  return grouped(std::move(text));
}

std::string format_duration(std::chrono::nanoseconds value) {
  struct Unit {
    double nanoseconds;
    const char* name;
  };
  constexpr std::array units{Unit{1e3, " µs"}, Unit{1e6, " ms"}, Unit{1e9, " s"}};
  const auto size = std::abs(static_cast<double>(value.count()));
  if (size == 0) return "0 s";
  // The next unit begins where this one would show 1000.
  const auto unit = std::ranges::find_if(units, [&](const Unit& u) { return size < 999.5 * u.nanoseconds; });
  const auto& chosen = unit == units.end() ? units.back() : *unit;
  const double shown = size / chosen.nanoseconds;
  return (value.count() < 0 ? "-" : "") + format_fixed(shown, digits_for(shown)) + chosen.name;
}

std::string format_bytes(std::int64_t value) {
  constexpr std::array units{" B", " KiB", " MiB", " GiB", " TiB"};
  auto shown = static_cast<double>(value);
  std::size_t unit = 0;
  while (std::abs(shown) >= 1023.95 && unit + 1 < units.size()) {
    shown /= 1024;
    ++unit;
  }
  return format_fixed(shown, unit == 0 ? 0 : 1) + units[unit];
}

std::size_t cells(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string pad_left(std::string_view text, std::size_t width) {
  return blanks(text, width) + std::string{text};
}

std::string pad_right(std::string_view text, std::size_t width) {
  return std::string{text} + blanks(text, width);
}

}  // namespace loadgen
