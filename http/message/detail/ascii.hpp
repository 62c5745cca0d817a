// SPDX-License-Identifier: BSL-1.0
#pragma once
// Character classes and comparisons of RFC 9110, on bytes and without locales.
//
// Threads        any; there is no state.
//
//   if (detail::iequals(name, "content-length")) ...

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace http::detail {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr std::array<bool, 256> make_class(std::string_view others, bool (*member)(char)) {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = member(static_cast<char>(c));
  for (const char c : others) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr bool is_alphanumeric(char c) noexcept { return is_alpha(c) || is_digit(c); }

// tchar, RFC 9110 section 5.6.2.
inline constexpr auto token_class = make_class("!#$%&'*+-.^_`|~", is_alphanumeric);
constexpr bool is_token_char(char c) noexcept { return token_class[static_cast<unsigned char>(c)]; }

// The characters allowed in a field value, RFC 9110 section 5.5: no control characters except the tab.
inline constexpr auto text_class = make_class("\t", [](char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f;
});
constexpr bool is_text_char(char c) noexcept { return text_class[static_cast<unsigned char>(c)]; }

// How many characters at the beginning of a text are allowed in a field value. Eight are checked at a time:
// https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord. The lowest bit that is found is exact.
inline std::size_t text_length(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::size_t at = 0;
  for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    const std::uint64_t zero_if_delete = eight ^ (ones * 0x7f);
    const std::uint64_t below_space = (eight - ones * ' ') & ~eight;
    const std::uint64_t is_delete = (zero_if_delete - ones) & ~zero_if_delete;
    const std::uint64_t controls = (below_space | is_delete) & (ones * 0x80);
    if (controls == 0) continue;
    if (std::endian::native == std::endian::little)
      at += static_cast<std::size_t>(std::countr_zero(controls)) / 8;
    break;
  }
  while (at < text.size() && is_text_char(text[at])) ++at;  // a tab is allowed
  return at;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

constexpr bool is_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_text_char);
}

// Compares without regard to the case of ASCII letters.
constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// Removes spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
constexpr std::string_view trim(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `f` for each element of a comma-separated list; empty elements are skipped (RFC 9110 section 5.6.1.2).
template <class Function>
constexpr void for_each_element(std::string_view list, Function call) {
  while (true) {
    const auto comma = list.find(',');
    if (const auto element = trim(list.substr(0, comma)); !element.empty()) call(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace http::detail
