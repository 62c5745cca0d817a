// SPDX-License-Identifier: BSL-1.0
#pragma once
// Parses requests: the server's side of RFC 9112.
//
// What it is     an incremental parser that returns one event per call (http/message/parse_step.hpp).
// Guarantees     the result does not depend on how the bytes were split. Bytes after a message are left to the caller,
//                who keeps them for the next one. Stricter than the RFC requires wherever two parties could disagree
//                about where a message ends; error() then has the status to answer with.
// Lifetime       request() views a buffer of the parser until reset(); body views the bytes passed to feed().
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

  // After `head`, `complete` may follow without another byte: feed an empty span to get it, or call complete().
  ParseStep feed(std::span<const char> bytes);

  const Request& request() const noexcept;   // from `head` to reset()
  const ParseError& error() const noexcept;  // after `error`

  bool complete() const noexcept;  // nothing of this request is still to come
  bool idle() const noexcept;      // no byte of a request has arrived since construction or reset()

  // Prepares for the next request. No effect after an error: the connection must not be used again.
  void reset() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
