// SPDX-License-Identifier: BSL-1.0
#pragma once
// Error responses in the format of RFC 9457: application/problem+json.
//
// Threads        any.
//
//   return http::problem(504, "The request took longer than 2s.", "deadline");
//   // {"cause":"deadline","detail":"The request took ...","status":504,
//   //  "title":"Gateway Timeout","type":"about:blank"}

#include <string_view>

#include "http/message/message.hpp"

namespace http {

// `detail` is for people; `cause`, left out if empty, is a word for programs. Neither may contain unchecked text of
// a peer; bytes that are not UTF-8 are replaced.
Response problem(int status, std::string_view detail, std::string_view cause = {});

}  // namespace http
