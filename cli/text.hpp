// SPDX-License-Identifier: BSL-1.0
#pragma once
// Text for a terminal: measured in cells, shortened, and without what a terminal would take for a command.
//
// Threads        any; nothing here has state.
//
//   client::shortened_in_front("server/patterns/send.cpp:17", 12)   // "…send.cpp:17"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace client {

// With a question mark for each control character, C1's as well.
std::string without_control_characters(std::string_view text);

// How many cells the text takes, if each character takes one.
std::size_t cells(std::string_view text) noexcept;

// At most `width` cells of it: its beginning, or (with an ellipsis) its end, which of a path says more.
std::string clipped(std::string_view text, std::size_t width);
std::string shortened_in_front(std::string_view text, std::size_t width);

// "850ms" is "0.9s", "3 minutes" is "3.0m".
std::string age(double seconds);

// "+3", "-3", and nothing for 0.
std::string signed_number(long long number);

// "1 task", "3 tasks".
std::string number_of_tasks(std::uint64_t n);

}  // namespace client
