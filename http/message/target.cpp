// SPDX-License-Identifier: BSL-1.0
#include "http/message/target.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

#include "http/message/detail/ascii.hpp"

namespace http {
namespace {

constexpr std::string_view scheme = "http://";

// unreserved / sub-delims / "%", RFC 3986: what a reg-name consists of.
constexpr auto host_class = detail::make_class("-._~!$&'()*+,;=%", detail::is_alphanumeric);
// Visible ASCII. RFC 3986 allows fewer characters, but browsers send some others unencoded (the URL standard's query
// percent-encode set). Characters that browsers never send are refused.
constexpr auto uri_class =
    detail::make_class("", [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>'; });

// What a query keeps of its memory; there are many idle connections.
constexpr std::size_t most_kept_text = 256;
constexpr std::size_t most_kept_parameters = 8;

bool all_of_class(std::string_view text, const std::array<bool, 256>& table) noexcept {
  return std::ranges::all_of(text, [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

// Whether each '%' is followed by two hexadecimal digits.
bool is_percent_encoded(std::string_view text) noexcept {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
    if (at + 2 >= text.size() || detail::hex_digit(text[at + 1]) < 0 || detail::hex_digit(text[at + 2]) < 0) {
      return false;
    }
  }
  return true;
}

// The text between brackets: an IPv6 address or, by the grammar, an address of a later version.
bool is_valid_literal(std::string_view text) noexcept {
  if (!text.empty() && detail::to_lower(text[0]) == 'v') {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return false;
    const auto version = text.substr(1, dot - 1);
    const auto address = text.substr(dot + 1);
    const auto is_hex = [](char c) { return detail::hex_digit(c) >= 0; };
    const auto is_address_char = [](char c) {
      return c == ':' || (c != '%' && host_class[static_cast<unsigned char>(c)]);
    };
    return !version.empty() && std::ranges::all_of(version, is_hex) && !address.empty() &&
           std::ranges::all_of(address, is_address_char);
  }
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return false;
  std::ranges::copy(text, terminated.begin());
  in6_addr address{};
  return ::inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

bool starts_with_scheme(std::string_view text) noexcept {
  return detail::iequals(text.substr(0, scheme.size()), scheme);
}

std::optional<std::uint16_t> parse_port(std::string_view digits) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

struct Authority {
  std::string_view host;  // an IPv6 literal with its brackets
  std::optional<std::string_view> port;
};

std::optional<Authority> split_authority(std::string_view text) noexcept {
  std::size_t host_end = 0;
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    host_end = bracket + 1;
    if (!is_valid_literal(text.substr(1, bracket - 1))) return std::nullopt;
  } else {
    host_end = std::min(text.find(':'), text.size());
    const auto name = text.substr(0, host_end);
    if (name.empty() || !all_of_class(name, host_class) || !is_percent_encoded(name)) return std::nullopt;
  }
  Authority authority{text.substr(0, host_end), std::nullopt};
  if (host_end == text.size()) return authority;
  if (text[host_end] != ':') return std::nullopt;
  authority.port = text.substr(host_end + 1);
  return authority;
}

}  // namespace

std::expected<Target, std::string_view> split_target(std::string_view target) noexcept {
  if (target == "*") return Target{.path = target};
  if (target.find('#') != std::string_view::npos)
    return std::unexpected("The request target has a fragment.");
  if (!all_of_class(target, uri_class)) {
    return std::unexpected("The request target has characters that no URI has.");
  }

  Target parts;
  if (starts_with_scheme(target)) {
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    parts.authority = target.substr(0, end);
    if (!is_valid_authority(parts.authority))
      return std::unexpected("The host of the request target is invalid.");
    target.remove_prefix(end);
  } else if (!target.starts_with('/')) {
    return std::unexpected("The request target is neither a path, an http URL nor \"*\".");
  }

  const auto mark = target.find('?');
  parts.path = target.substr(0, mark);
  if (parts.path.empty()) parts.path = "/";
  if (!is_percent_encoded(parts.path)) {
    return std::unexpected("A '%' in the path is not followed by two hexadecimal digits.");
  }
  if (mark != std::string_view::npos) parts.query = target.substr(mark + 1);
  return parts;
}

bool is_valid_authority(std::string_view text) noexcept {
  const auto authority = split_authority(text);
  if (!authority) return false;
  return !authority->port || authority->port->empty() || parse_port(*authority->port).has_value();
}

namespace {

constexpr std::string_view malformed_encoding = "A '%' must be followed by two hexadecimal digits.";

// Appends the decoded text, which is never longer than the encoded one, and returns it; nothing if the encoding is
// malformed.
std::optional<std::string_view> append_decoded(std::string& to, std::string_view text, bool plus_is_space) {
  const std::size_t begin = to.size();
  bool valid = true;
  to.resize_and_overwrite(begin + text.size(), [&](char* chars, std::size_t) noexcept {
    std::size_t size = begin;
    for (std::size_t i = 0; i < text.size() && valid; ++i) {
      char decoded = text[i];
      if (decoded == '+' && plus_is_space) decoded = ' ';
      if (text[i] == '%') {
        const int high = i + 1 < text.size() ? detail::hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? detail::hex_digit(text[i + 2]) : -1;
        valid = high >= 0 && low >= 0;
        decoded = static_cast<char>(high * 16 + low);
        i += 2;
      }
      chars[size++] = decoded;
    }
    return size;
  });
  if (!valid) return std::nullopt;
  return std::string_view(to).substr(begin);
}

}  // namespace

std::expected<std::string, std::string_view> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  if (!append_decoded(decoded, text, plus_is_space)) return std::unexpected(malformed_encoding);
  return decoded;
}

std::optional<std::string_view> Query::find(std::string_view name) const noexcept {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

std::size_t Query::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(parameters_, name, &Parameter::name));
}

std::expected<void, std::string_view> Query::parse(std::string_view raw) {
  clear();
  text_.reserve(raw.size());  // the views stay valid while it grows
  while (!raw.empty()) {
    const auto end = std::min(raw.find('&'), raw.size());
    const auto pair = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = append_decoded(text_, pair.substr(0, equals), true);
    const auto value = append_decoded(text_, pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::unexpected(malformed_encoding);
    parameters_.push_back({*name, *value});
  }
  return {};
}

void Query::clear() noexcept {
  text_.clear();
  parameters_.clear();
  if (text_.capacity() > most_kept_text) text_ = std::string();
  if (parameters_.capacity() > most_kept_parameters) parameters_ = std::vector<Parameter>();
}

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

std::expected<Url, std::string> parse_url(std::string_view text, Https https) {
  const auto refuse = [&](std::string_view why) {
    std::string quoted;
    for (const char c : text) quoted += detail::is_text_char(c) && c != '\t' ? c : '?';
    return std::unexpected("URL '" + quoted + "': " + std::string(why));
  };

  const bool tls = detail::iequals(text.substr(0, 8), "https://");
  if (tls && https == Https::refused) return refuse("https is not supported, only http://");
  if (!tls && !starts_with_scheme(text)) {
    return refuse(https == Https::allowed ? "must start with http:// or https://"
                                          : "must start with http://");
  }
  auto rest = text.substr(tls ? 8 : scheme.size());
  rest = rest.substr(0, rest.find('#'));
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority_text = rest.substr(0, authority_end);
  const auto target = rest.substr(authority_end);

  if (authority_text.find('@') != std::string_view::npos) return refuse("user information is not supported");
  if (authority_text.empty() || authority_text.starts_with(':')) return refuse("the host is missing");
  const auto authority = split_authority(authority_text);
  if (!authority) return refuse("the host is invalid");
  if (!all_of_class(target, uri_class)) {
    return refuse("the path or query has characters that must be percent-encoded");
  }

  Url url;
  url.tls = tls;
  if (tls) url.port = 443;
  url.host = authority->host;
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  if (authority->port &&
      !authority->port->empty()) {  // "http://host:/" has the scheme's own (RFC 9110 section 4.2.1)
    const auto port = parse_port(*authority->port);
    if (!port) return refuse("the port must be a number from 1 to 65535");
    url.port = *port;
  }
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  if (!split_target(url.target)) {
    return refuse("a '%' in the path or query must be followed by two hexadecimal digits");
  }
  return url;
}

}  // namespace http
