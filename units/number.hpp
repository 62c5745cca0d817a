// SPDX-License-Identifier: BSL-1.0
#pragma once
// Numbers as text.
//
// Guarantees     no locale; the results are UTF-8.
// Threads        any.
//
//   units::parse_number("1e3")        // 1000.0
//   units::format_count(4500)         // "4,500"
//   units::counted(1, "task")         // "1 task"
//   units::format_fixed(1.4996, 2)    // "1.50"
//   units::format_rounded(1.4996)     // "1.50"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace units {

// All of the text, as a finite number without a plus sign.
std::optional<double> parse_number(std::string_view text) noexcept;

// All of the text, as a whole number in decimal digits.
std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

std::string format_count(std::int64_t value);

// "1 task", "4,500 tasks".
std::string counted(std::uint64_t count, std::string_view noun);

// "+3", "-3", and nothing for 0.
std::string format_change(std::int64_t difference);

// With so many digits after the point; groups of three before it. A dash for what is not finite.
std::string format_fixed(double value, int digits);

// Three significant digits; all of those before the point.
std::string format_rounded(double value);

}  // namespace units
