// SPDX-License-Identifier: BSL-1.0
#pragma once
// Requests out of bytes: the server's side of RFC 9112.
//
// What it is     an incremental parser that is fed and answers with one event a call (http/parse_step.hpp).
// Guarantees     the verdict is the same however the bytes are cut. What follows a message is left to the
//                caller, who keeps it for the next one. Stricter than the RFC demands wherever two parties
//                could disagree about where a message ends; then error() says what to answer.
// Lifetime       request() views a buffer of the parser, until reset(); body views the bytes given to feed().
// Threads        one at a time. Nothing blocks.
//
//   http::RequestParser parser;
//   auto step = parser.feed(bytes);          // head: parser.request() is complete
//   step = parser.feed(bytes.subspan(step.consumed));  // body, body, ..., complete
//   parser.reset();                          // the next request of this connection

#include <memory>
#include <span>

#include "http/message/limits.hpp"
#include "http/message/message.hpp"
#include "http/message/parse_step.hpp"

namespace http {

class RequestParser {
 public:
  explicit RequestParser(const Limits& limits = {});
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;
  ~RequestParser();

  // After `head`, `complete` may follow without a byte: feed an empty span to hear of it, or ask complete().
  ParseStep feed(std::span<const char> bytes);

  const Request& request() const noexcept;   // from `head` to reset()
  const ParseError& error() const noexcept;  // after `error`

  bool complete() const noexcept;  // nothing of this request is still to come
  bool idle() const noexcept;      // no byte of a request has arrived since construction or reset()

  // For the next request. No effect after an error: such a connection is not used again.
  void reset() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
