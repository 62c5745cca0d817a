// SPDX-License-Identifier: BSL-1.0
#pragma once
// Serializes messages into a buffer, so that several responses can be sent in one write.
//
// Requires       field names are tokens, and values have no control characters; the fields do not include
//                Content-Length, Transfer-Encoding, Connection and Date (in a request: Host), nor Content-Type beside
//                Response::content_type. Violations are a broken invariant: the process aborts with a message that names
//                the field, before the field is sent.
// Threads        any.
//
//   std::string out;
//   http::append_response(out, response, http::Reply::to(request, dates.at(now)));
//
//   if (http::append_response_head(out, response, std::nullopt, reply) == http::BodyFraming::chunked) {
//     http::append_chunk(out, "part");
//     http::append_last_chunk(out);
//   }

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/message.hpp"

namespace http {

// The properties of the request that shape the response.
struct Reply {
  std::string_view date = {};   // from DateCache; empty: no Date field
  bool head_request = false;    // the same head as for GET, without the body
  int version_minor = 1;        // HTTP/1.0 peers do not know chunks and need "Connection: keep-alive"
  bool peer_keep_alive = true;  // false: the response says "Connection: close"

  static Reply to(const Request& request, std::string_view date) noexcept;
};

// The form of the body that must follow the head.
enum class BodyFraming : std::uint8_t {
  none,         // no body follows
  sized,        // as many bytes as announced
  chunked,      // append_chunk() ..., append_last_chunk()
  until_close,  // plain bytes; then the connection must be closed
};

// Status line, Date, the fields, and the framing for a body of `body_size` bytes (nullopt: unknown).
BodyFraming append_response_head(std::string& out, const Response& response,
                                 std::optional<std::uint64_t> body_size, const Reply& reply);

// Head and body.
void append_response(std::string& out, const Response& response, const Reply& reply);

// "HTTP/1.1 100 Continue", for a request with expect_continue whose body is to be read.
void append_continue(std::string& out);

// One chunk of a chunked body. For empty data nothing is appended, because an empty chunk would end the body.
void append_chunk(std::string& out, std::string_view data);
void append_last_chunk(std::string& out);

// Head and body. Content-Length is sent with a body, and also without one if the method lets the peer expect
// a body.
void append_request(std::string& out, const OutgoingRequest& request);

// The head only, before a body of `body_size` bytes; nullopt: a chunked body.
void append_request_head(std::string& out, const OutgoingRequest& request,
                         std::optional<std::uint64_t> body_size);

}  // namespace http
