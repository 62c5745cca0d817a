// SPDX-License-Identifier: BSL-1.0
// Access to an inspector: a request as text is checked with and without a token.

#include "inspector/access.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message/detail/ascii.hpp"
#include "http/message/request_parser.hpp"
#include "http/message/target.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using fuzz::require;

constexpr std::string_view token = "secret";

bool carries_token(const http::Request& request) {
  const auto field = request.headers.find("Authorization");
  if (!field || request.headers.count("Authorization") != 1) return false;
  const std::string_view value = http::detail::trim(*field);
  if (value.size() < 7 + token.size() || !http::detail::iequals(value.substr(0, 6), "Bearer")) return false;
  return value[6] == ' ' && http::detail::trim(value.substr(6)) == token;
}

void judge(const http::Request& request) {
  static const inspector::Access open({.realm = "fuzz", .names = {"metrics.example"}});
  static const inspector::Access closed({.token = std::string(token), .realm = "fuzz"});
  const bool is_safe = request.method == http::Method::get || request.method == http::Method::head ||
                       request.method == http::Method::options;
  const bool is_page = request.path == "/" && is_safe;

  const auto with_token = closed.refuse(request);
  if (!carries_token(request)) {
    require(is_page || (with_token && with_token->status == 401),
            "without the token there is the page alone");
  } else {
    require(!with_token || with_token->status == 403, "with the token only another origin is refused");
  }

  const auto without = open.refuse(request);
  require(!without || without->status == 403, "without a token nothing is unauthorized");
  const bool cross_site =
      http::detail::iequals(request.headers.find("Sec-Fetch-Site").value_or(""), "cross-site");
  if (cross_site && !is_page) require(without.has_value(), "another site reads nothing");
  const auto target = http::split_target(request.target);
  if (!target || !target->authority.empty()) return;
  const std::string_view host = request.headers.find("Host").value_or("");
  if (host.starts_with("evil.example")) require(without.has_value(), "a name of others is refused");
  if (!is_safe && request.headers.find("Origin") == "http://evil.example")
    require(without.has_value() && (!carries_token(request) || with_token.has_value()),
            "another origin changes nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::RequestParser parser;
  std::span<const char> unread(reinterpret_cast<const char*>(data), size);
  const http::ParseStep step = parser.feed(unread);
  if (step.event == http::ParseEvent::head) judge(parser.request());
  return 0;
}
