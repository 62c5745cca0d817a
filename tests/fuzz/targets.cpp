// SPDX-License-Identifier: BSL-1.0
// The file of requests of the load generator. Any text is accepted, or refused with one line. Accepted requests can
// be sent.

#include "loadgen/targets.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "http/message/request_parser.hpp"
#include "http/message/serializer.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using fuzz::require;

void require_can_be_sent(const http::OutgoingRequest& message) {
  require(message.target.starts_with('/') && http::split_target(message.target).has_value(),
          "a target is a path");
  std::string bytes;
  http::append_request(bytes, message);
  http::RequestParser parser;
  std::string body;
  for (std::span<const char> unread(bytes);;) {
    const http::ParseStep step = parser.feed(unread);
    unread = unread.subspan(step.consumed);
    if (step.event == http::ParseEvent::error) {
      // A server may refuse a request because of its size or its method; that is no fault of the file.
      const int status = parser.error().status;
      return require(status != 400, "the server understands it");
    }
    if (step.event == http::ParseEvent::body) body.append(step.body.data(), step.body.size());
    if (step.event == http::ParseEvent::complete) {
      require(unread.empty(), "one entry is one request");
      break;
    }
    require(!unread.empty() || parser.complete(), "an entry is a whole request");
  }
  require(parser.request().target == message.target, "the target arrives as it is");
  require(parser.request().headers.find("Host") == message.host,
          "the host is the URL's, or what the entry says");
  require(body == message.body, "the body arrives as it is");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const http::Url base = *http::parse_url("http://127.0.0.1:8080/demo");
  http::OutgoingRequest common;
  common.host = base.authority();
  const auto messages = loadgen::parse_targets(text, base, common);
  if (!messages) {
    fuzz::require_sentence(messages.error());
    return 0;
  }
  require(!messages->empty(), "a file has a request");
  require(messages->size() <= static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1,
          "a line is one request");
  for (const http::OutgoingRequest& message : *messages) require_can_be_sent(message);
  return 0;
}
