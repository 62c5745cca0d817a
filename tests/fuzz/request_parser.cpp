// SPDX-License-Identifier: BSL-1.0
// Many requests on one connection: the contract of the parser, the guarantees of an accepted request, and that such a
// request is the same after it was written and read again.

#include "http/message/request_parser.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message/detail/ascii.hpp"
#include "http/message/serializer.hpp"
#include "tests/fuzz/conversation.hpp"

namespace {

using fuzz::require;

constexpr std::array statuses{400, 413, 414, 417, 431, 501, 505};

// Fields that the serializer writes, and Expect, which has a meaning since HTTP/1.1.
bool is_left_out(std::string_view name) {
  static constexpr std::array<std::string_view, 5> names{"Host", "Content-Length", "Transfer-Encoding",
                                                         "Connection", "Expect"};
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
  using Parser = http::RequestParser;
  http::Limits limits;

  Parser make() const { return Parser(limits); }
  void reset(Parser& parser) const { parser.reset(); }

  std::string describe(const Parser& parser) const {
    const http::Request& request = parser.request();
    std::string text;
    text.append(request.method_name).append(" ").append(request.target).append(" path ").append(request.path);
    text.append(" query ").append(request.query);
    text.append(" HTTP/1.").append(std::to_string(request.version_minor)).append("\n");
    text += describe_fields(request.headers, true);
    text += request.keep_alive ? "keep-alive" : "close";
    if (request.content_length) text += " length " + std::to_string(*request.content_length);
    if (request.chunked) text += " chunked";
    if (request.expect_continue) text += " waits for 100";
    return text;
  }

  void judge(const Parser& parser, std::string_view body) const {
    const http::Request& request = parser.request();
    require(http::parse_method(request.method_name) == request.method, "the method is known");
    require(request.method_name.size() + request.target.size() + 10 <= limits.request_line,
            "its line has a limit");
    require(request.headers.size() <= limits.header_fields, "fields have a limit");
    for (const auto& [name, value] : request.headers) {
      require(http::detail::is_token(name), "a name is a token");
      require(http::detail::is_text(value) && http::detail::trim(value) == value,
              "a value is text without spaces around");
    }
    require(request.version_minor == 0 || request.headers.count("host") == 1, "there is one Host");
    require(!(request.chunked && request.content_length), "there is one framing");
    require(!request.chunked || request.version_minor > 0, "HTTP/1.0 knows no chunks");
    require(body.size() <= limits.body_bytes, "bodies have a limit");
    require(request.chunked || request.content_length.value_or(0) == body.size(),
            "a body has the length announced");
    require(!request.expect_continue || request.has_body(), "who waits for 100 has a body");
    require_the_same_when_sent(request, body);
  }

  void judge_error(const http::ParseError& error) const {
    require(std::ranges::find(statuses, error.status) != statuses.end(),
            "a refusal has one of these statuses");
    require(error.too_large == (error.status == 413 || error.status == 414 || error.status == 431),
            "too large is what passes a limit");
  }

  bool complete_at_eof(Parser&) const { return false; }

 private:
  void require_the_same_when_sent(const http::Request& request, std::string_view body) const {
    http::OutgoingRequest outgoing;
    outgoing.method = request.method_name;
    outgoing.target = request.target;
    outgoing.host = "example.org";
    for (const auto& [name, value] : request.headers) {
      if (!is_left_out(name)) outgoing.headers.add(std::string(name), std::string(value));
    }
    outgoing.body = body;
    outgoing.close = !request.keep_alive;
    std::string bytes;
    http::append_request(bytes, outgoing);

    http::Limits larger = limits;
    larger.head_bytes += 1024;
    larger.header_fields += 3;
    http::RequestParser parser(larger);
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
    const http::Request& again = parser.request();
    require(again.method == request.method && again.target == request.target && again.path == request.path &&
                again.query == request.query && again.keep_alive == request.keep_alive,
            "a request is the same when it is sent on");
    require(describe_fields(again.headers, false) == describe_fields(request.headers, false),
            "so are its fields");
    require(body_again == body, "and its body");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input = fuzz::split_input(data, size);
  Side side;
  if (input.small_limits) {
    side.limits = {.request_line = 48, .head_bytes = 160, .header_fields = 4, .body_bytes = 24};
  }
  fuzz::converse_however_cut(side, input);
  return 0;
}
