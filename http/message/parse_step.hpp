// SPDX-License-Identifier: BSL-1.0
#pragma once
// The results of both parsers: one event per call, and the error.
//
// Lifetime       body views the bytes that were passed to feed(); detail is a literal.
// Threads        plain values.
//
//   while (true) {
//     const http::ParseStep step = parser.feed(unread);
//     unread = unread.subspan(step.consumed);
//     switch (step.event) {
//       case http::ParseEvent::need_more: co_await read_more(); break;
//       case http::ParseEvent::head: start(parser.request()); break;
//       case http::ParseEvent::body: body.append(step.body); break;
//       case http::ParseEvent::complete: finish(); parser.reset(); break;  // unread: the next message
//       case http::ParseEvent::error: refuse(parser.error()); co_return;
//     }
//   }

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace http {

enum class ParseEvent : std::uint8_t {
  need_more,  // everything was consumed, and the message is not complete
  head,       // once per message: the head is complete and accepted
  body,       // some bytes of the body, at least one
  complete,   // the message has ended; repeated until reset()
  error,      // the message is not acceptable; repeated for ever: close the connection
};

constexpr std::string_view to_string(ParseEvent event) noexcept {
  switch (event) {
    case ParseEvent::need_more:
      return "need_more";
    case ParseEvent::head:
      return "head";
    case ParseEvent::body:
      return "body";
    case ParseEvent::complete:
      return "complete";
    case ParseEvent::error:
      return "error";
  }
  return "unknown";
}

struct ParseStep {
  ParseEvent event;
  std::size_t consumed;        // bytes taken of the input; the rest stays with the caller
  std::string_view body = {};  // of ParseEvent::body
};

struct ParseError {
  int status = 0;  // the status to answer with: 400, 413, 414, 417, 431, 501, 505; for a bad response 502
  std::string_view detail;  // one sentence, safe to echo: never contains what the peer sent
  bool too_large = false;   // a limit was exceeded, as opposed to a rule broken
};

}  // namespace http
