// SPDX-License-Identifier: BSL-1.0
#include "units/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

#include "units/detail/quoted.hpp"
#include "units/number.hpp"

namespace units {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
  bool takes_fraction;  // in formatted text: "1.5s", but "90s" instead of "1.5m"
};

constexpr std::array<Unit, 6> duration_units = {{{"h", 3'600'000'000'000, false},
                                                 {"m", 60'000'000'000, false},
                                                 {"s", 1'000'000'000, true},
                                                 {"ms", 1'000'000, true},
                                                 {"us", 1'000, true},
                                                 {"ns", 1, false}}};

// Digits without a sign; empty if there are none or they overflow.
std::optional<std::int64_t> multiply(std::string_view digits, std::int64_t unit) {
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : digits) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value)) {
      return std::nullopt;
    }
  }
  if (__builtin_mul_overflow(value, unit, &value)) return std::nullopt;
  return value;
}

// The digits after the point as a part of `unit`; empty if it is not a whole number of nanoseconds.
std::optional<std::int64_t> fraction_of(std::string_view digits, std::int64_t unit) {
  std::int64_t sum = 0;
  for (const char c : digits) {
    if (unit % 10 != 0) {
      if (c != '0') return std::nullopt;
      continue;
    }
    unit /= 10;
    sum += unit * (c - '0');
  }
  return sum;
}

}  // namespace

std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected(fmt::format("duration {} {}", detail::quoted(text), why));
  };
  constexpr std::string_view forms = "is not valid; examples: 250us, 500ms, 2s, 1.5s, 1m, 1h, 0";
  if (text == "0") return std::chrono::nanoseconds{0};
  if (text.starts_with('-')) return refuse("is negative");

  const auto skip_digits = [&](std::size_t from) {
    while (from < text.size() && text[from] >= '0' && text[from] <= '9') ++from;
    return from;
  };
  const auto whole_end = skip_digits(0);
  const auto whole = text.substr(0, whole_end);
  auto number_end = whole_end;
  std::string_view fraction;
  if (text.substr(whole_end).starts_with('.')) {
    number_end = skip_digits(whole_end + 1);
    fraction = text.substr(whole_end + 1, number_end - whole_end - 1);
    if (fraction.empty()) return refuse(forms);
  }
  const auto unit = std::ranges::find(duration_units, text.substr(number_end), &Unit::name);
  if (whole.empty() || unit == duration_units.end()) return refuse(forms);

  const auto large = multiply(whole, unit->nanoseconds);
  if (!large) return refuse("is too long: at most 292 years");
  const auto small = fraction_of(fraction, unit->nanoseconds);
  if (!small) return refuse("is not a whole number of nanoseconds");
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*large, *small, &sum)) return refuse("is too long: at most 292 years");
  return std::chrono::nanoseconds{sum};
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const auto count = duration.count();
  if (count == 0) return "0";
  // Unsigned, because the smallest negative value has no positive counterpart.
  const auto size = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);

  for (const Unit& unit : duration_units) {
    const auto scale = static_cast<std::uint64_t>(unit.nanoseconds);
    const auto rest = size % scale;
    const auto thousandth = unit.takes_fraction ? scale / 1000 : scale;
    if (size < scale || rest % thousandth != 0) continue;

    std::string text = (count < 0 ? "-" : "") + std::to_string(size / scale);
    if (rest != 0) {
      auto digits = std::to_string(rest / thousandth);
      digits.insert(0, 3 - digits.size(), '0');
      digits.erase(digits.find_last_not_of('0') + 1);
      text += "." + digits;
    }
    return text.append(unit.name);
  }
  return {};  // not reached: every duration is a number of nanoseconds
}

std::string rounded_duration(std::chrono::nanoseconds duration) {
  struct Shown {
    double nanoseconds;
    double below;  // from this number on, the next unit is used
    std::string_view name;
  };
  static constexpr std::array shown{Shown{1e3, 999.5, "µs"}, Shown{1e6, 999.5, "ms"}, Shown{1e9, 119.5, "s"},
                                    Shown{60e9, 119.5, "min"}, Shown{3600e9, 1e300, "h"}};
  if (duration.count() == 0) return "0 s";
  const auto count = static_cast<double>(duration.count());
  const auto* unit =
      std::ranges::find_if(shown, [&](const Shown& u) { return std::abs(count) < u.below * u.nanoseconds; });
  return fmt::format("{} {}", format_rounded(count / unit->nanoseconds), unit->name);
}

std::chrono::nanoseconds from_seconds(double seconds) noexcept {
  constexpr double most = 9.2e18;
  const double nanoseconds = std::isnan(seconds) ? 0 : std::clamp(seconds * 1e9, -most, most);
  return std::chrono::nanoseconds(std::llround(nanoseconds));
}

}  // namespace units
