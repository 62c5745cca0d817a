// SPDX-License-Identifier: BSL-1.0
#include "inspector/access.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <string_view>
#include <system_error>

#include "http/message/detail/ascii.hpp"
#include "http/message/problem.hpp"
#include "http/message/target.hpp"

namespace inspector {
namespace {

constexpr std::string_view authorization = "Authorization";

// The time depends only on the length of `given`, which its sender knows.
bool equal_in_constant_time(std::string_view given, std::string_view secret) noexcept {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return difference == 0;
}

bool is_safe(http::Method method) noexcept {
  return method == http::Method::get || method == http::Method::head || method == http::Method::options;
}

// The host and port of the request. The parser has checked that there is one.
std::string_view authority_of(const http::Request& request) noexcept {
  const auto target = http::split_target(request.target);
  if (target && !target->authority.empty()) return target->authority;
  return request.headers.find("Host").value_or("");
}

// Whether a page of this host sent the request, or no page.
bool is_same_origin(const http::Request& request) noexcept {
  const auto origin = request.headers.find("Origin");
  if (!origin) return true;
  const std::size_t scheme = origin->find("://");
  return scheme != std::string_view::npos &&
         http::detail::iequals(origin->substr(scheme + 3), authority_of(request));
}

http::Response forbidden(std::string_view why) { return http::problem(403, why, "origin"); }

}  // namespace

bool Access::has_token(const http::Request& request) const noexcept {
  if (request.headers.count(authorization) != 1) return false;
  const std::string_view credentials = *request.headers.find(authorization);
  const std::size_t space = credentials.find(' ');
  if (space == std::string_view::npos || !http::detail::iequals(credentials.substr(0, space), "Bearer")) {
    return false;
  }
  return equal_in_constant_time(http::detail::trim(credentials.substr(space)), options_.token);
}

// An attacker may own the name and let it resolve to this host after the page was loaded (DNS rebinding). Then the page
// and this host have the same origin, and the browser permits the request.
bool Access::is_ours(std::string_view authority) const {
  if (options_.any_name) return true;
  const auto url = http::parse_url("http://" + std::string(authority));
  if (!url) return false;
  std::error_code is_a_name;
  (void)asio::ip::make_address(url->host, is_a_name);
  return !is_a_name || http::detail::iequals(url->host, "localhost") ||
         std::ranges::any_of(options_.names,
                             [&](const std::string& name) { return http::detail::iequals(name, url->host); });
}

std::optional<http::Response> Access::refuse(const http::Request& request) const {
  const bool shows_nothing = request.path == "/" && is_safe(request.method);
  if (!options_.token.empty() && !shows_nothing && !has_token(request)) {
    http::Response response =
        http::problem(401, "A token is needed: Authorization: Bearer TOKEN.", "unauthorized");
    const bool wrong = request.headers.find(authorization).has_value();
    response.headers.add("WWW-Authenticate", "Bearer realm=\"" + options_.realm + '"' +
                                                 (wrong ? ", error=\"invalid_token\"" : ""));
    return response;
  }
  if (!is_safe(request.method) && !is_same_origin(request)) {
    return forbidden("Requests from pages of other origins must not change anything.");
  }
  if (!options_.token.empty()) return std::nullopt;
  if (!is_ours(authority_of(request))) {
    return forbidden(
        "Without a token, the host must be an IP address, localhost or one of the allowed names.");
  }
  if (!shows_nothing &&
      http::detail::iequals(request.headers.find("Sec-Fetch-Site").value_or(""), "cross-site")) {
    return forbidden("Without a token, requests from pages of other sites are refused.");
  }
  return std::nullopt;
}

}  // namespace inspector
