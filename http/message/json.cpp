// SPDX-License-Identifier: BSL-1.0
#include "http/message/json.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace http {

using nlohmann::ordered_json;

namespace {

// Accepts any text. Up to the first error it sees the same strings, brackets and colons as a parser. (The parser's own
// callbacks would be slow: at the end of each object in an array, they visit the whole array.)
bool is_too_large(std::string_view text) noexcept {
  std::array<std::size_t, most_json_depth + 1> names{};  // of the object at each depth
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > most_json_depth) return true;
      names[depth] = 0;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    } else if (c == ':') {
      if (++names[depth] > most_json_names) return true;
    }
  }
  return false;
}

}  // namespace

ordered_json parse_json(std::string_view text) {
  if (is_too_large(text)) return ordered_json(ordered_json::value_t::discarded);
  return ordered_json::parse(text, nullptr, false);
}

}  // namespace http
