// SPDX-License-Identifier: BSL-1.0
#pragma once
// Several requests from a file, sent in rotation.
//
// What it is     JSON lines, one request each: {"method": "POST", "url": "/orders", "headers": {"Accept": "text/html"},
//                "body": "…"}. All members except url are optional; the defaults are those of the command line.
// Requires       nothing; the text may be anything.
// Guarantees     each parsed request can be sent. URLs are paths, or begin with the origin of the command's URL. An
//                error is one line that names the line of the file.
// Threads        any.
//
//   auto messages = loadgen::parse_targets(text, *http::parse_url("http://127.0.0.1:8080/"), {});
//   if (!messages) return fail(file + messages.error());   // ", line 3: it is not JSON"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "http/message/message.hpp"
#include "http/message/target.hpp"

namespace loadgen {

std::expected<std::vector<http::OutgoingRequest>, std::string> parse_targets(
    std::string_view text, const http::Url& base, const http::OutgoingRequest& common);

}  // namespace loadgen
