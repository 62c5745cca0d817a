// SPDX-License-Identifier: BSL-1.0
#include "units/size.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <system_error>

#include "http/message/detail/ascii.hpp"

namespace http {
namespace {

std::optional<int> shift_of(std::string_view unit) {
  struct Unit {
    std::string_view name;
    int shift;
  };
  static constexpr std::array<Unit, 8> units = {
      {{"", 0}, {"b", 0}, {"k", 10}, {"kib", 10}, {"m", 20}, {"mib", 20}, {"g", 30}, {"gib", 30}}};
  for (const Unit& known : units) {
    if (detail::iequals(known.name, unit)) return known.shift;
  }
  return std::nullopt;
}

}  // namespace

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    std::string quoted;
    for (const char c : text) quoted += detail::is_text_char(c) ? c : '?';
    return std::unexpected("size '" + quoted + "' " + std::string(why));
  };

  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto shift = shift_of(text.substr(static_cast<std::size_t>(end - text.data())));
  if (error == std::errc::invalid_argument || !shift) {
    return refuse("is none of: 512, 64k, 16KiB, 1MiB, 1GiB");
  }
  if (error != std::errc{} || number << *shift >> *shift != number) return refuse("is too large");
  return number << *shift;
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 6> units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) {  // what would be printed as 1024.0
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f ", value);
  return std::string(text.data()).append(units[unit]);
}

}  // namespace http
