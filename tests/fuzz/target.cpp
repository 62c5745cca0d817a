// SPDX-License-Identifier: BSL-1.0
// Request targets, percent-encoding, queries and URLs: the parts can be put together again.

#include "http/message/target.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message/detail/ascii.hpp"
#include "tests/fuzz/require.hpp"

namespace {

using fuzz::require;

bool is_view_of(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

std::string encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded.append("%").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return encoded;
}

void fuzz_target(std::string_view text) {
  const auto target = http::split_target(text);
  if (!target) return fuzz::require_sentence(target.error());
  require(is_view_of(target->query, text) && is_view_of(target->authority, text),
          "parts are views of the whole");
  const auto mark = text.find('?');
  require((mark == std::string_view::npos) ? target->query.empty() : target->query == text.substr(mark + 1),
          "the query is what follows the first '?'");
  if (text == "*") return require(target->path == "*", "the asterisk is the path");

  require(target->path.starts_with('/') && target->path.find_first_of("?#") == std::string_view::npos,
          "a path is a path");
  require(target->authority.empty() || http::is_valid_authority(target->authority), "an authority is valid");
  std::string again(text.starts_with('/') ? "" : text.substr(0, 7));
  again += target->authority;
  const bool has_path = text.substr(again.size()).starts_with('/');
  if (has_path) {
    require(is_view_of(target->path, text), "parts are views of the whole");
    again += target->path;
  }
  if (mark != std::string_view::npos) again.append("?").append(target->query);
  require(again == text, "the parts are the whole");
}

void fuzz_percent(std::string_view text) {
  const auto all_encoded = http::percent_decode(encode(text));
  require(all_encoded && *all_encoded == text, "what was encoded can be decoded");
  const auto decoded = http::percent_decode(text);
  if (!decoded) {
    require(text.find('%') != std::string_view::npos, "without a '%' there is nothing to refuse");
    return fuzz::require_sentence(decoded.error());
  }
  const auto encoded = static_cast<std::size_t>(std::ranges::count(text, '%'));
  require(decoded->size() == text.size() - 2 * encoded, "three bytes become one");
  const auto with_spaces = http::percent_decode(text, true);
  require(with_spaces && with_spaces->size() == decoded->size(), "a '+' is one byte either way");
}

void fuzz_query(std::string_view text) {
  http::Query query;
  if (const auto parsed = query.parse(text); !parsed) return fuzz::require_sentence(parsed.error());
  std::string again;
  for (const auto& [name, value] : query) {
    require(query.find(name).has_value() && query.count(name) >= 1, "what is listed can be found");
    again += "&" + encode(name) + "=" + encode(value);
  }
  http::Query same;
  require(same.parse(again) && same.size() == query.size(), "a query can be written again");
  require(
      std::ranges::equal(same, query,
                         [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; }),
      "with the same parameters");
}

void fuzz_url(std::string_view text) {
  const auto url = http::parse_url(text);
  if (!url) return fuzz::require_sentence(url.error());
  require(url->port != 0 && !url->host.empty() && url->target.starts_with('/'), "a URL is complete");
  require(http::is_valid_authority(url->authority()), "its authority can be sent as Host");
  require(http::split_target(url->target).has_value(), "its target can be sent");
  const auto again = http::parse_url("http://" + url->authority() + url->target);
  require(again && again->host == url->host && again->port == url->port && again->target == url->target,
          "a URL can be written again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz_target(text);
  fuzz_percent(text);
  fuzz_query(text);
  fuzz_url(text);
  return 0;
}
