// SPDX-License-Identifier: BSL-1.0
#pragma once
// Text for a terminal: its width in cells, shortening, and removal of control characters.
//
// Threads        any; there is no state.
//
//   cli::shortened_in_front("server/patterns/send.cpp:17", 12)   // "…send.cpp:17"

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// Replaces each control character (including C1) and each byte that is not UTF-8 by a question mark.
enum class Lines : bool { replaced, kept };  // line feeds and tabs
std::string without_control_characters(std::string_view text, Lines lines = Lines::replaced);

// The width of the text in cells; each character counts as one.
std::size_t cells(std::string_view text) noexcept;

// At most `width` cells: clipped() keeps the beginning; shortened_in_front() keeps the end, which says more of a path.
std::string clipped(std::string_view text, std::size_t width);
std::string shortened_in_front(std::string_view text, std::size_t width);

// Breaks lines of more than `width` cells at blanks, and indents what follows as the line was indented. A longer word
// stays whole.
std::string wrapped(std::string_view text, std::size_t width);

// Pads with blanks to `width` cells; longer text is returned unchanged.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

}  // namespace cli
