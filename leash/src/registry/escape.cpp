// SPDX-License-Identifier: BSL-1.0
#include "escape.hpp"

#include <cstdint>
#include <cstdio>
#include <new>

namespace leash::detail {
namespace {

constexpr char32_t invalid = 0xffffffff;

// The first character of `text`, which must not be empty, and its length in bytes; `invalid` has one byte.
struct First {
  char32_t character;
  std::size_t bytes;
};
First first_of(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t bytes = 0;
  char32_t smallest = 0;
  if (lead >= 0xc2 && lead < 0xe0) {
    bytes = 2, smallest = 0x80;
  } else if (lead >= 0xe0 && lead < 0xf0) {
    bytes = 3, smallest = 0x800;
  } else if (lead >= 0xf0 && lead < 0xf5) {
    bytes = 4, smallest = 0x10000;
  }
  if (bytes == 0 || bytes > text.size()) return {invalid, 1};
  char32_t character = lead & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {invalid, 1};
    character = character << 6 | (byte(i) & 0x3fu);
  }
  const bool surrogate = character >= 0xd800 && character < 0xe000;
  if (character < smallest || character > 0x10ffff || surrogate) return {invalid, 1};
  return {character, bytes};
}

bool is_unsafe(char32_t c) noexcept {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range ranges[] = {
      {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
      {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
      {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
  };
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  while (!text.empty()) {
    const auto [character, bytes] = first_of(text);
    char code[16];
    if (character == '\n') {
      out += "\\n";
    } else if (character == '\t') {
      out += "\\t";
    } else if (character == '\r') {
      out += "\\r";
    } else if (character == invalid || (character < 0x80 && is_unsafe(character))) {
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[0])));
      out += code;
    } else if (is_unsafe(character)) {
      std::snprintf(code, sizeof code, "\\u{%x}", static_cast<unsigned>(character));
      out += code;
    } else {
      if (in_quotes && (character == '"' || character == '\\')) out += '\\';
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text, false);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text, true);
  out += '"';
  return out;
}

std::string quoted_if_possible(std::string_view text) noexcept {
  try {
    return quoted(text);
  } catch (const std::bad_alloc&) {
    return {};
  }
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [character, bytes] = first_of(text);
    if (character == invalid) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace leash::detail
