// SPDX-License-Identifier: BSL-1.0
#include "units/size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "units/detail/quoted.hpp"
#include "units/number.hpp"

namespace units {
namespace {

struct SizeUnit {
  std::string_view name;
  std::string_view letter;
  int shift;
};
constexpr std::array<SizeUnit, 5> size_units = {
    {{"TiB", "T", 40}, {"GiB", "G", 30}, {"MiB", "M", 20}, {"KiB", "k", 10}, {"", "B", 0}}};

bool equal_in_either_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

}  // namespace

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format("size {} {}", detail::quoted(text), why));
  };
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto name = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto* unit = std::ranges::find_if(size_units, [&](const SizeUnit& known) {
    return equal_in_either_case(known.name, name) || equal_in_either_case(known.letter, name);
  });
  if (error == std::errc::invalid_argument || unit == size_units.end())
    return refuse("is not valid; examples: 512, 64k, 16KiB, 1MiB, 1GiB, 1TiB");
  if (error != std::errc{} || number << unit->shift >> unit->shift != number) return refuse("is too large");
  return number << unit->shift;
}

std::string format_size(std::uint64_t bytes) {
  const auto* unit = std::ranges::find_if(size_units, [&](const SizeUnit& known) {
    return bytes != 0 && bytes >> known.shift << known.shift == bytes;
  });
  if (unit == size_units.end()) return "0";
  return fmt::format("{}{}", bytes >> unit->shift, unit->name);
}

std::string rounded_size(std::int64_t bytes) {
  constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto shown = static_cast<double>(bytes);
  std::size_t name = 0;
  while (std::abs(shown) >= 1023.95 && name + 1 < names.size()) {
    shown /= 1024;
    ++name;
  }
  return fmt::format("{} {}", format_fixed(shown, name == 0 ? 0 : 1), names[name]);
}

}  // namespace units
