// SPDX-License-Identifier: BSL-1.0
#pragma once
// How filters and leak checks name sites, functions and tasks: a text, or a pattern.
//
// What it is     a text with * (any characters) or ? (one) in it is a pattern for the whole of what it is
//                compared with; any other text is compared as it stands.
// Guarantees     the time is bounded by the product of both lengths; nothing is allocated, nothing throws.
// Threads        plain functions.
//
//   leash::detail::matches("app::*", "app::serve");                              // all of a namespace
//   leash::detail::contains("server/patterns", "server/patterns/send.cpp:41");  // a part
//   leash::detail::contains("*/send.cpp:*", "server/patterns/send.cpp:41");     // a pattern

#include <string_view>

namespace leash::detail {

// The text is `name`, or meets it as a pattern.
bool matches(std::string_view name, std::string_view text) noexcept;
// The text has `part` in it, or meets it as a pattern.
bool contains(std::string_view part, std::string_view text) noexcept;

}  // namespace leash::detail
