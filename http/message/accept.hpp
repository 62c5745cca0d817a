// SPDX-License-Identifier: BSL-1.0
#pragma once
// Content negotiation: the types that a client accepts (RFC 9110 section 12.5.1).
//
// Guarantees     the most specific range that matches a type decides; letter case does not matter; without the field
//                every type is accepted. Malformed elements are ignored.
// Threads        any.
//
//   if (http::preferred(request.headers, {"application/json", "text/html"}) == 1) ...  // a browser
//   response.headers.add("Vary", "Accept");

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "http/message/message.hpp"

namespace http {

// From 0 (not accepted) to 1000. `accept` is the value of the field; empty if there is none.
int quality(std::string_view type, std::string_view accept) noexcept;

// The index of the type that the client prefers, by all its Accept fields: the first of several equal ones, and the first
// of all if none is acceptable.
std::size_t preferred(const HeaderViews& headers, std::initializer_list<std::string_view> types);

}  // namespace http
