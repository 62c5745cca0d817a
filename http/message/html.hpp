// SPDX-License-Identifier: BSL-1.0
#pragma once
// Escaping of text in HTML.
//
// Threads        any.
//
//   body += "<td>" + http::escape_html(name) + "</td>";

#include <string>
#include <string_view>

namespace http {

// For HTML text, and for the value of an attribute between double quotes.
std::string escape_html(std::string_view text);

}  // namespace http
