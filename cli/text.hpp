// SPDX-License-Identifier: BSL-1.0
#pragma once
// Text for a terminal: measured in cells, shortened, and without what a terminal would take for a command.
//
// Threads        any; nothing here has state.
//
//   cli::shortened_in_front("server/patterns/send.cpp:17", 12)   // "…send.cpp:17"

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// With a question mark for each control character (C1 as well) and for each byte that is no UTF-8.
enum class Lines : bool { replaced, kept };  // line feeds and tabs
std::string without_control_characters(std::string_view text, Lines lines = Lines::replaced);

// How many cells the text takes, if each character takes one.
std::size_t cells(std::string_view text) noexcept;

// At most `width` cells of it: its beginning, or (with an ellipsis) its end, which of a path says more.
std::string clipped(std::string_view text, std::size_t width);
std::string shortened_in_front(std::string_view text, std::size_t width);

// With blanks up to so many cells; longer text stays as it is.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

}  // namespace cli
