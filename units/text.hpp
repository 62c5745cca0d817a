// SPDX-License-Identifier: BSL-1.0
#pragma once
// Numbers as a person reads them, the same in every report.
//
// Requires       nothing.
// Guarantees     no locale; the results are UTF-8 (µs).
// Threads        any.
// Lifetime       keeps nothing.
//
//   format_count(4500)          "4,500"
//   format_fixed(1.4996, 2)     "1.50"
//   format_duration(5'312us)    "5.31 ms"
//   format_bytes(-1'258'291)    "-1.2 MiB"
//   pad_left("5 µs", 8)         "    5 µs"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loadgen {

// All of the text, as a finite number without a plus sign.
std::optional<double> parse_number(std::string_view text) noexcept;

std::string format_count(std::int64_t value);

// With so many digits after the point; groups of three before it.
std::string format_fixed(double value, int digits);

// Three significant digits.
std::string format_duration(std::chrono::nanoseconds value);

std::string format_bytes(std::int64_t value);

// Cells of a terminal that the text takes; true of the characters that reports use, one cell each.
std::size_t cells(std::string_view utf8) noexcept;

// With blanks up to so many cells; longer text stays as it is.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

}  // namespace loadgen
