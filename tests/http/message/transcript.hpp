// SPDX-License-Identifier: BSL-1.0
#pragma once
// Feeds a parser in pieces of a given size and records its events, for comparisons.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "http/message/parse_step.hpp"

namespace http::test {

// Everything up to `complete`, `error` or the end of the bytes.
struct Transcript {
  ParseEvent last = ParseEvent::need_more;
  bool had_head = false;
  std::string body = {};
  std::string rest = {};  // what was not consumed
  int status = 0;
  std::string detail = {};

  bool operator==(const Transcript&) const = default;
};

inline void PrintTo(const Transcript& t, std::ostream* out) {
  *out << to_string(t.last) << " head=" << t.had_head << " body='" << t.body << "' rest='" << t.rest << "' "
       << t.status << ' ' << t.detail;
}

template <class Parser>
Transcript parse_in_pieces(Parser& parser, std::string_view bytes,
                           std::size_t piece = std::string_view::npos) {
  Transcript seen;
  std::size_t at = 0;
  while (true) {
    // A copy, so that the sanitizers find reads beyond the piece and views that were kept.
    const std::string given(bytes.substr(at, piece));
    const ParseStep step = parser.feed(std::span(given));
    at += step.consumed;
    seen.last = step.event;
    seen.had_head |= step.event == ParseEvent::head;
    seen.body += step.body;
    if (step.event == ParseEvent::error) {
      seen.status = parser.error().status;
      seen.detail = parser.error().detail;
    }
    const bool ended = step.event == ParseEvent::complete || step.event == ParseEvent::error;
    if (ended || (step.event == ParseEvent::need_more && at == bytes.size())) break;
  }
  if (seen.last != ParseEvent::error) seen.rest = bytes.substr(at);  // of no use after an error
  return seen;
}

}  // namespace http::test
