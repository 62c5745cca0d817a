// SPDX-License-Identifier: BSL-1.0
#include "inspector/access.hpp"

#include <asio/ip/address.hpp>
#include <string_view>
#include <system_error>

#include "http/message/detail/ascii.hpp"
#include "http/message/problem.hpp"
#include "http/message/target.hpp"

namespace inspector {
namespace {

constexpr std::string_view authorization = "Authorization";

// As long as `given` is, whatever `secret` is; its caller knows that already.
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

// Whether a page of this host sent it, or no page at all.
bool is_same_origin(const http::Request& request) noexcept {
  const auto origin = request.headers.find("Origin");
  if (!origin) return true;
  const std::size_t scheme = origin->find("://");
  return scheme != std::string_view::npos &&
         http::detail::iequals(origin->substr(scheme + 3), request.headers.find("Host").value_or(""));
}

// Whether its page was found by an address. A name may be somebody else's, who lets it lead here once the page is loaded
// (DNS rebinding): then page and host are of one origin, and the browser lets it ask.
bool is_from_an_address(const http::Request& request) {
  const auto origin = request.headers.find("Origin");
  if (!origin) return true;
  const auto url = http::parse_url(*origin);
  if (!url) return false;
  std::error_code is_a_name;
  (void)asio::ip::make_address(url->host, is_a_name);
  return !is_a_name || http::detail::iequals(url->host, "localhost");
}

}  // namespace

bool Access::has_token(const http::Request& request) const noexcept {
  if (request.headers.count(authorization) != 1) return false;
  const std::string_view credentials = *request.headers.find(authorization);
  const std::size_t space = credentials.find(' ');
  if (space == std::string_view::npos || !http::detail::iequals(credentials.substr(0, space), "Bearer")) {
    return false;
  }
  return equal_in_constant_time(http::detail::trim(credentials.substr(space)), token_);
}

std::optional<http::Response> Access::refuse(const http::Request& request) const {
  const bool shows_nothing = request.path == "/" && is_safe(request.method);
  if (!token_.empty() && !shows_nothing && !has_token(request)) {
    http::Response response =
        http::problem(401, "A token is needed: Authorization: Bearer TOKEN.", "unauthorized");
    const bool wrong = request.headers.find(authorization).has_value();
    response.headers.add("WWW-Authenticate",
                         "Bearer realm=\"" + realm_ + '"' + (wrong ? ", error=\"invalid_token\"" : ""));
    return response;
  }
  if (!is_safe(request.method) && !is_same_origin(request)) {
    return http::problem(403, "Pages of other origins may not change anything here.", "origin");
  }
  if (!is_safe(request.method) && token_.empty() && !is_from_an_address(request)) {
    return http::problem(403,
                         "Where no token is needed, a page changes something only if it was found by an "
                         "address or as localhost, not "
                         "by another name.",
                         "origin");
  }
  return std::nullopt;
}

}  // namespace inspector
