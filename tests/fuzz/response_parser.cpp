// SPDX-License-Identifier: BSL-1.0
// Many responses on one connection: the contract of the parser, the guarantees of an accepted response, and that such
// a response is the same after our server's serializer has written it.

#include "http/message/response_parser.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message/detail/ascii.hpp"
#include "http/message/serializer.hpp"
#include "tests/fuzz/conversation.hpp"

namespace {

using fuzz::require;

// Written by the serializer.
bool is_left_out(std::string_view name) {
  static constexpr std::array<std::string_view, 4> names{"Content-Length", "Transfer-Encoding", "Connection",
                                                         "Date"};
  return std::ranges::any_of(names, [&](std::string_view each) { return http::detail::iequals(each, name); });
}

std::string describe_fields(const http::HeaderViews& headers, bool all) {
  std::string text;
  for (const auto& [name, value] : headers) {
    if (all || !is_left_out(name)) text.append(name).append(": ").append(value).append("\n");
  }
  return text;
}

struct Side {
  using Parser = http::ResponseParser;
  http::ResponseLimits limits;
  http::RequestKind kind = http::RequestKind::other;

  Parser make() const { return Parser(limits); }
  void reset(Parser& parser) const { parser.reset(kind); }

  std::string describe(const Parser& parser) const {
    const http::ResponseHead& response = parser.response();
    std::string text =
        "HTTP/1." + std::to_string(response.version_minor) + " " + std::to_string(response.status) + " ";
    text.append(response.reason).append("\n");
    text += describe_fields(response.headers, true);
    text += response.keep_alive ? "keep-alive" : "close";
    if (response.content_length) text += " length " + std::to_string(*response.content_length);
    if (response.chunked) text += " chunked";
    return text;
  }

  void judge(const Parser& parser, std::string_view body) const {
    const http::ResponseHead& response = parser.response();
    require(response.status >= 200 && response.status <= 999, "an interim response is no response");
    require(http::detail::is_text(response.reason), "a reason is text");
    require(response.headers.size() <= limits.header_fields, "fields have a limit");
    for (const auto& [name, value] : response.headers) {
      require(http::detail::is_token(name), "a name is a token");
      require(http::detail::is_text(value) && http::detail::trim(value) == value,
              "a value is text without spaces around");
    }
    require(!(response.chunked && response.content_length), "there is one framing");
    require(body.size() <= limits.body_bytes, "bodies have a limit");
    const bool bodiless = kind == http::RequestKind::head || http::is_bodiless(response.status);
    if (bodiless) require(body.empty(), "this one has no body");
    if (!bodiless && response.content_length)
      require(*response.content_length == body.size(), "a body has the length announced");
    require(parser.keep_alive() == response.keep_alive, "keep_alive() says the same");
    const bool until_close = !bodiless && !response.chunked && !response.content_length;
    require(!until_close || !response.keep_alive, "a body up to the end leaves no connection");
    require_the_same_when_sent(response, body, std::string::npos);
    require_the_same_when_sent(response, body, 7);
  }

  void judge_error(const http::ParseError& error) const {
    require(error.status == 502, "whatever a server does wrong is a bad response");
  }

  bool complete_at_eof(Parser& parser) const {
    const bool was_idle = parser.idle();
    const bool complete = parser.on_eof() == http::ParseEvent::complete;
    require(!(was_idle && complete), "no byte is no response");
    require(parser.on_eof() == (complete ? http::ParseEvent::complete : http::ParseEvent::error),
            "the end stays the end");
    if (!complete) {
      judge_error(parser.error());
      fuzz::require_sentence(parser.error().detail);
      require(parser.feed({}).event == http::ParseEvent::error, "what was cut off is an error");
    }
    return complete;
  }

 private:
  // In chunks of this many bytes; with npos, in one piece with a length.
  void require_the_same_when_sent(const http::ResponseHead& response, std::string_view body,
                                  std::size_t chunk) const {
    http::Response outgoing{.status = response.status, .body = std::string(body)};
    for (const auto& [name, value] : response.headers) {
      if (!is_left_out(name)) outgoing.headers.add(std::string(name), std::string(value));
    }
    http::Reply reply;
    reply.head_request = kind == http::RequestKind::head;
    std::string bytes;
    if (chunk == std::string::npos) {
      http::append_response(bytes, outgoing, reply);
    } else if (http::append_response_head(bytes, outgoing, std::nullopt, reply) ==
               http::BodyFraming::chunked) {
      for (std::size_t at = 0; at < body.size(); at += chunk)
        http::append_chunk(bytes, body.substr(at, chunk));
      http::append_last_chunk(bytes);
    }

    http::ResponseLimits larger = limits;
    larger.head_bytes += 1024;
    larger.header_fields += 3;
    http::ResponseParser parser(larger);
    parser.reset(kind);
    std::span<const char> unread(bytes);
    http::ParseStep step = parser.feed(unread);
    require(step.event == http::ParseEvent::head, "what was accepted is accepted again");
    std::string body_again;
    while (step.event != http::ParseEvent::complete) {
      unread = unread.subspan(step.consumed);
      step = parser.feed(unread);
      require(step.event == http::ParseEvent::body || step.event == http::ParseEvent::complete, "to its end");
      body_again += step.body;
    }
    require(unread.empty() || step.consumed == unread.size(), "nothing is left");
    require(parser.keep_alive(), "the connection can go on");
    require(parser.response().status == response.status, "a response is the same when it is sent on");
    require(describe_fields(parser.response().headers, false) == describe_fields(response.headers, false),
            "so are its fields");
    require(body_again == body, "and its body");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input = fuzz::split_input(data, size);
  Side side;
  if (input.small_limits) side.limits = {.head_bytes = 160, .header_fields = 4, .body_bytes = 24};
  if (input.to_head_request) side.kind = http::RequestKind::head;
  fuzz::converse_however_cut(side, input);
  return 0;
}
