// SPDX-License-Identifier: BSL-1.0
#pragma once
// Messages into bytes, appended to a buffer, so that several responses leave in one write.
//
// Requires       field names are tokens and values have no control characters; Content-Length,
//                Transfer-Encoding, Connection and Date (in a request: Host) are not among the fields given.
//                Anything else is a broken invariant: it aborts with a message that names the field, before
//                the field reaches the peer.
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

// What about the request shapes the response.
struct Reply {
  std::string_view date = {};   // from DateCache; empty: no Date field
  bool head_request = false;    // the head as for GET, and no body
  int version_minor = 1;        // HTTP/1.0 peers know no chunks and must be told that the connection stays
  bool peer_keep_alive = true;  // false: the response says "Connection: close"

  static Reply to(const Request& request, std::string_view date) noexcept;
};

// How the body is to follow the head.
enum class BodyFraming : std::uint8_t {
  none,         // no body follows
  sized,        // as many bytes as announced
  chunked,      // append_chunk() ..., append_last_chunk()
  until_close,  // bytes as they are, then the connection has to be closed
};

// Status line, Date, the fields, and the framing for a body of `body_size` bytes (nullopt: not known yet).
BodyFraming append_response_head(std::string& out, const Response& response,
                                 std::optional<std::uint64_t> body_size, const Reply& reply);

// Head and body.
void append_response(std::string& out, const Response& response, const Reply& reply);

// "HTTP/1.1 100 Continue", for a request with expect_continue whose body is wanted.
void append_continue(std::string& out);

// One chunk of a chunked body. Nothing is appended for no data: an empty chunk would end the body.
void append_chunk(std::string& out, std::string_view data);
void append_last_chunk(std::string& out);

// Head and body. Content-Length is sent with a body, and without one where the method lets the peer expect
// it.
void append_request(std::string& out, const OutgoingRequest& request);

// The head alone, before a body of `body_size` bytes; nullopt: a chunked one.
void append_request_head(std::string& out, const OutgoingRequest& request,
                         std::optional<std::uint64_t> body_size);

}  // namespace http
