// SPDX-License-Identifier: BSL-1.0
#pragma once
// Request targets, queries and URLs.
//
// Lifetime       Target views its argument; Query and Url own their text. What a Query returns is valid until it parses
//                the next one.
// Errors         one sentence that never contains text of a peer (parse_url may quote its input, which comes from the
//                user).
// Threads        any.
//
//   http::Query query;
//   if (query.parse(request.query) && query.find("mode") == "leaky") ...
//   auto url = http::parse_url("http://127.0.0.1:8080/demo?pattern=send");

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

struct Target {
  std::string_view path;            // "/" when an absolute-form target has none; "*" for the asterisk form
  std::string_view query = {};      // after the first '?', without it
  std::string_view authority = {};  // of the absolute form; otherwise empty
};

// Splits a request target, RFC 9112 section 3.2: "/path?query", "http://authority/path?query" or "*".
// Nothing is decoded. Errors: any other form, a fragment, characters that are not allowed in a URI.
std::expected<Target, std::string_view> split_target(std::string_view target) noexcept;

// Whether `text` is host[:port] as in a Host field (RFC 9110 section 7.2) with a non-empty host.
bool is_valid_authority(std::string_view text) noexcept;

// Decodes %XX, RFC 3986 section 2.1. Error: a '%' without two hexadecimal digits.
std::expected<std::string, std::string_view> percent_decode(std::string_view text,
                                                            bool plus_is_space = false);

// The parameters of a query, decoded, in the order they were sent. It is used for one query after another: then usual
// ones allocate nothing.
class Query {
 public:
  struct Parameter {
    std::string_view name;
    std::string_view value;
  };

  Query() = default;
  Query(const Query&) = delete;  // the parameters view the text
  Query& operator=(const Query&) = delete;

  // "a=1&b=x+y&c" is a=1, b="x y", c="". Error: malformed percent-encoding.
  std::expected<void, std::string_view> parse(std::string_view raw);
  void clear() noexcept;  // also frees the memory of an unusually large one

  std::optional<std::string_view> find(
      std::string_view name) const noexcept;  // the first of this name; case-sensitive
  std::size_t count(std::string_view name) const noexcept;
  std::size_t size() const noexcept { return parameters_.size(); }
  auto begin() const noexcept { return parameters_.begin(); }
  auto end() const noexcept { return parameters_.end(); }

 private:
  std::string text_;
  std::vector<Parameter> parameters_;
};

struct Url {
  std::string host;  // as a resolver takes it: without the brackets of an IPv6 literal
  std::uint16_t port = 80;
  std::string target = "/";  // path and query, still encoded
  bool tls = false;          // https

  std::string authority() const;  // for the Host field: "[::1]:8080"; the default port is left out
  std::string origin() const { return (tls ? "https://" : "http://") + authority(); }
};

// "http://host[:port][/path][?query]"; https only if allowed. A fragment is dropped. Errors: any other scheme, user
// information, a missing host, a port outside of 1 to 65535, spaces and control characters.
enum class Https : bool { refused, allowed };
std::expected<Url, std::string> parse_url(std::string_view text, Https https = Https::refused);

}  // namespace http
