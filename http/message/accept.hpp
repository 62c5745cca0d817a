// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a client accepts (RFC 9110 section 12.5.1).
//
// Guarantees     the most specific range that fits a type decides; letter case does not matter; without the field
//                everything is accepted. A malformed element is passed over.
// Threads        any.
//
//   if (http::preferred(request.headers, {"application/json", "text/html"}) == 1) ...  // a browser
//   response.headers.add("Vary", "Accept");

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "http/message/message.hpp"

namespace http {

// From 0, not accepted, to 1000. `accept`: the field's value; empty: there is none.
int quality(std::string_view type, std::string_view accept) noexcept;

// Which of the types the client prefers, by all its Accept fields: the first of several that it likes equally, and the
// first of all if it accepts none.
std::size_t preferred(const HeaderViews& headers, std::initializer_list<std::string_view> types);

}  // namespace http
