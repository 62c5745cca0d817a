// SPDX-License-Identifier: BSL-1.0
#pragma once
// Passes the bytes of one connection through a parser, records the messages, and checks the contract of
// http/parse_step.hpp.
//
// What it is     the same for requests and responses; what is peculiar to one of them is its Side:
//                  using Parser = http::RequestParser;
//                  Parser make() const;
//                  void reset(Parser&) const;                         before each message
//                  std::string describe(const Parser&) const;         the whole head, as text
//                  void judge(const Parser&, std::string_view body) const;   a message that is complete
//                  void judge_error(const http::ParseError&) const;
//                  bool complete_at_eof(Parser&) const;
// Threads        one at a time.
//
//   const auto whole = fuzz::converse(side, bytes, fuzz::Cuts(""));
//   fuzz::require(whole == fuzz::converse(side, bytes, fuzz::Cuts("a")), "cuts change nothing");

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message/parse_step.hpp"
#include "tests/fuzz/cuts.hpp"
#include "tests/fuzz/require.hpp"

namespace fuzz {

struct Message {
  std::string head = {};  // empty before the event for the head
  std::string body = {};
  bool complete = false;

  bool operator==(const Message&) const = default;
};

struct Conversation {
  std::vector<Message> messages;  // the last one may be incomplete
  int status = 0;                 // of the error that ended it
  std::string detail = {};

  // Equal for a user of the parser. The part of a body that is returned before an error may depend on the cuts.
  bool agrees_with(const Conversation& other) const {
    if (status != other.status || detail != other.detail || messages.size() != other.messages.size())
      return false;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const bool last_of_failed = status != 0 && i + 1 == messages.size();
      if (!last_of_failed && messages[i] != other.messages[i]) return false;
      if (messages[i].head != other.messages[i].head) return false;
      const std::string_view a = messages[i].body;
      const std::string_view b = other.messages[i].body;
      if (!a.starts_with(b) && !b.starts_with(a)) return false;
    }
    return true;
  }
};

namespace detail {

inline bool is_inside(std::string_view part, std::span<const char> whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

template <class Side>
void require_sticky_error(const Side& side, typename Side::Parser& parser) {
  const http::ParseError first = parser.error();
  side.judge_error(first);
  require_sentence(first.detail);
  side.reset(parser);
  const std::string more = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const http::ParseStep again = parser.feed(std::span(more));
  require(again.event == http::ParseEvent::error && again.consumed == 0, "an error is for ever");
  require(parser.error().status == first.status && parser.error().detail == first.detail,
          "an error stays what it is");
  require(!parser.complete(), "what is wrong is not complete");
}

template <class Side>
void require_complete(const Side& side, typename Side::Parser& parser, const Message& message) {
  require(parser.complete(), "complete() says so, too");
  require(side.describe(parser) == message.head, "a head stays what it is, until reset()");
  const http::ParseStep again = parser.feed({});
  require(again.event == http::ParseEvent::complete && again.consumed == 0 && again.body.empty(),
          "complete is said again until reset()");
  side.judge(parser, message.body);
}

}  // namespace detail

template <class Side>
Conversation converse(const Side& side, std::string_view bytes, Cuts cuts) {
  using enum http::ParseEvent;
  auto parser = side.make();
  side.reset(parser);
  require(parser.idle() && !parser.complete(), "a new parser has seen nothing");

  Conversation seen;
  Message current;
  std::size_t at = 0;
  while (at < bytes.size()) {
    // A copy, so that the sanitizers find reads beyond a piece and views that were kept.
    const std::string_view piece = bytes.substr(at, cuts.next());
    const std::vector<char> given(piece.begin(), piece.end());
    at += given.size();
    std::span<const char> unread(given);
    while (true) {
      const http::ParseStep step = parser.feed(unread);
      require(step.consumed <= unread.size(), "no more is consumed than was given");
      const auto consumed = unread.first(step.consumed);
      unread = unread.subspan(step.consumed);
      require(step.body.empty() == (step.event != body), "only `body` has a body, and never an empty one");
      if (step.event == need_more) {
        require(unread.empty(), "whoever needs more has consumed everything");
        require(!parser.complete(), "what needs more is not complete");
        break;
      }
      if (step.event == error) {
        seen.status = parser.error().status;
        seen.detail = parser.error().detail;
        seen.messages.push_back(current);
        detail::require_sticky_error(side, parser);
        return seen;
      }
      require((step.event == head) == current.head.empty(), "the head comes first, and once");
      if (step.event == head) {
        current.head = side.describe(parser);
      } else if (step.event == body) {
        require(detail::is_inside(step.body, consumed), "a body is a part of what was consumed");
        current.body += step.body;
      } else {
        detail::require_complete(side, parser, current);
        current.complete = true;
        seen.messages.push_back(std::move(current));
        current = {};
        side.reset(parser);
        require(parser.idle() && !parser.complete(), "after reset() nothing has been seen");
        if (unread.empty()) break;
      }
    }
  }
  if (side.complete_at_eof(parser)) {
    require(!current.head.empty(), "what ends with the connection had a head");
    detail::require_complete(side, parser, current);
    current.complete = true;
  }
  seen.messages.push_back(std::move(current));
  return seen;
}

// In one piece, in single bytes and as the input says: the results must be equal.
template <class Side>
void converse_however_cut(const Side& side, const Input& input) {
  const Conversation whole = converse(side, input.bytes, Cuts(""));
  require(whole.agrees_with(converse(side, input.bytes, Cuts("a"))), "single bytes change nothing");
  require(whole.agrees_with(converse(side, input.bytes, Cuts(input.lengths))), "cuts change nothing");
}

}  // namespace fuzz
