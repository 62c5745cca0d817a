// SPDX-License-Identifier: BSL-1.0
#pragma once
// Text that a program supplies, made safe to be part of a report: it cannot look like another line of it, and cannot
// steer the terminal that shows it. Internal.
//
// Guarantees     the result is valid UTF-8. What can be printed stays as it is. Control characters, invisible ones and
//                those that change the direction of text become \n, \x1b or \u{202e}; bytes that are not UTF-8 become
//                \xff.
// Threads        plain functions.
//
//   text += "task 7 " + quoted(name);  // task 7 "caf\xe9"

#include <string>
#include <string_view>

namespace leash::detail {

std::string escaped(std::string_view text);
// The same in quotes; quotes and backslashes inside are escaped, too.
std::string quoted(std::string_view text);
// What is not UTF-8 becomes U+FFFD; all else stays as it is. For formats that escape by themselves, as JSON does.
std::string valid_utf8(std::string_view text);

}  // namespace leash::detail
