// SPDX-License-Identifier: BSL-1.0
#include "cli/text.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

namespace cli {
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

// The length of the UTF-8 character at the beginning of a text that is not empty; 0 if there is no valid one.
std::size_t length_of_character(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead > 0xf4 || text.size() < length) return 0;
  return length == 0 || std::ranges::all_of(text.substr(1, length - 1), continues_a_character) ? length : 0;
}

}  // namespace

std::string without_control_characters(std::string_view text, Lines lines) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = length_of_character(text);
    const bool kept = lines == Lines::kept && (text[0] == '\n' || text[0] == '\t');
    const bool control = length == 0 || (!kept && static_cast<unsigned char>(text[0]) < 0x20) ||
                         text[0] == '\x7f' ||
                         (text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0);  // C1
    out.append(control ? "?" : text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
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

std::string wrapped(std::string_view text, std::size_t width) {
  std::string out;
  for (const auto part : std::views::split(text, '\n')) {
    std::string_view line(part.begin(), part.end());
    const std::string indent(std::min(line.find_first_not_of(' '), line.size()), ' ');
    while (cells(line) > width) {
      auto end = line.rfind(' ', width);
      if (end == std::string_view::npos || end < indent.size()) end = line.find(' ', indent.size());
      if (end == std::string_view::npos) break;
      out.append(line.substr(0, end)).append("\n").append(indent);
      line.remove_prefix(end + 1);
    }
    out.append(line).append("\n");
  }
  if (!out.empty()) out.pop_back();
  return out;
}

std::string pad_left(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, cells(text)), ' ').append(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  return std::string(text).append(width - std::min(width, cells(text)), ' ');
}

}  // namespace cli
