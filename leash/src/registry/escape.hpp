// SPDX-License-Identifier: BSL-1.0
#pragma once
// Makes text of a program safe in a report: it cannot look like another line of the report, and cannot control the
// terminal. Internal.
//
// Guarantees     the result is valid UTF-8. Printable characters do not change. Control characters, invisible
//                characters and those that change the direction of text become \n, \x1b or \u{202e}. Bytes that are not
//                UTF-8 become \xff.
// Threads        plain functions.
//
//   text += "task 7 " + quoted(name);  // task 7 "caf\xe9"

#include <string>
#include <string_view>

namespace leash::detail {

std::string escaped(std::string_view text);
// The same in quotes; quotes and backslashes inside are escaped, too.
std::string quoted(std::string_view text);
// The same; empty if there is no memory for it.
std::string quoted_if_possible(std::string_view text) noexcept;
// Bytes that are not UTF-8 become U+FFFD; nothing else changes. For formats with their own escaping, such as JSON.
std::string valid_utf8(std::string_view text);

}  // namespace leash::detail
