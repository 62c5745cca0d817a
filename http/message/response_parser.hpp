// SPDX-License-Identifier: BSL-1.0
#pragma once
// Parses responses: the client's side of RFC 9112.
//
// What it is     an incremental parser that returns one event per call (http/message/parse_step.hpp).
// Guarantees     1xx responses are skipped, at most eight before one response; 101 is an error, because no upgrade is
//                requested. HEAD, 204 and 304 have no body. A body ends by Content-Length, by the last chunk, or
//                else at the end of the connection. As strict as
//                RequestParser.
// Lifetime       response() views a buffer of the parser, until reset(); body views the bytes given to
//                feed().
// Threads        one at a time. Nothing blocks.
//
//   http::ResponseParser parser;
//   parser.reset(http::RequestKind::head);   // before each response: was the request a HEAD?
//   auto step = parser.feed(bytes);
//   if (closed && parser.on_eof() == http::ParseEvent::error) truncated(parser.error());

#include <cstdint>
#include <memory>
#include <span>

#include "http/message/limits.hpp"
#include "http/message/message.hpp"
#include "http/message/parse_step.hpp"

namespace http {

enum class RequestKind : std::uint8_t { head, other };

class ResponseParser {
 public:
  explicit ResponseParser(const ResponseLimits& limits = {});
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;
  ~ResponseParser();

  ParseStep feed(std::span<const char> bytes);

  // Called when the peer has closed the connection. Returns `complete` if that ends the response, or if it was complete
  // before; `error` if the response is truncated or missing.
  ParseEvent on_eof() noexcept;

  const ResponseHead& response() const noexcept;  // from `head` to reset()
  const ParseError& error() const noexcept;       // after `error`

  bool complete() const noexcept;  // nothing of this response is still to come
  bool idle() const noexcept;      // no byte of a response, interim ones included, has arrived since reset()
  bool keep_alive() const noexcept;  // complete, and the connection can carry another request

  // Prepares for the next response. No effect after an error.
  void reset(RequestKind kind = RequestKind::other) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
