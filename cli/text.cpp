// SPDX-License-Identifier: BSL-1.0
#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "http/message/detail/ascii.hpp"

namespace client {
namespace {

bool continues_a_character(char byte) noexcept { return (byte & 0xc0) == 0x80; }

// The position after the first `count` characters.
std::size_t after_characters(std::string_view text, std::size_t count) noexcept {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (!continues_a_character(text[at]) && count-- == 0) break;
  }
  return at;
}

}  // namespace

std::string without_control_characters(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool c1 = text[i] == '\xc2' && i + 1 < text.size() && (text[i + 1] & 0xe0) == 0x80;
    if (c1) ++i;
    const bool control = c1 || text[i] == '\t' || !http::detail::is_text_char(text[i]);
    out += control ? '?' : text[i];
  }
  return out;
}

std::size_t cells(std::string_view text) noexcept {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_a_character));
}

std::string clipped(std::string_view text, std::size_t width) {
  return std::string(text.substr(0, after_characters(text, width)));
}

std::string shortened_in_front(std::string_view text, std::size_t width) {
  const std::size_t all = cells(text);
  if (all <= width) return std::string(text);
  if (width == 0) return {};
  return "…" + std::string(text.substr(after_characters(text, all - (width - 1))));
}

std::string age(double seconds) {
  const bool minutes = seconds >= 120;
  const bool hours = seconds >= 7200;
  std::array<char, 32> text;
  const double value = hours ? seconds / 3600 : minutes ? seconds / 60 : seconds;
  std::snprintf(text.data(), text.size(), "%.1f%s", std::min(value, 1e9), hours ? "h" : minutes ? "m" : "s");
  return text.data();
}

std::string signed_number(long long number) {
  if (number == 0) return {};
  return (number > 0 ? "+" : "") + std::to_string(number);
}

std::string number_of_tasks(std::uint64_t n) { return std::to_string(n) + (n == 1 ? " task" : " tasks"); }

}  // namespace client
