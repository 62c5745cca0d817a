// SPDX-License-Identifier: BSL-1.0
#pragma once
// A text or a pattern by which filters and leak checks name sites, functions and tasks.
//
// What it is     a text with * (any characters) or ? (one character) is a pattern that must match completely. Any other
//                text is compared literally.
// Guarantees     the time is bounded by the product of both lengths; nothing is allocated, nothing throws.
// Threads        plain functions.
//
//   leash::detail::matches("app::*", "app::serve");                              // all of a namespace
//   leash::detail::contains("server/patterns", "server/patterns/send.cpp:41");  // a part
//   leash::detail::contains("*/send.cpp:*", "server/patterns/send.cpp:41");     // a pattern

#include <string_view>

namespace leash::detail {

// Whether the text equals `name`, or matches it as a pattern.
bool matches(std::string_view name, std::string_view text) noexcept;
// Whether the text contains `part`, or matches it as a pattern.
bool contains(std::string_view part, std::string_view text) noexcept;

}  // namespace leash::detail
