// SPDX-License-Identifier: BSL-1.0
#include "json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "../registry/escape.hpp"

namespace leash::detail {
namespace {

// Printable ASCII that is not escaped.
constexpr auto is_plain = [] {
  std::array<bool, 256> table{};
  for (int c = 0x20; c < 0x80; ++c) table[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  return table;
}();

void append_escaped(std::string& out, char c) {
  constexpr const char* digits = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      (out += '\\') += c;
      break;
    case '\n':
      out += "\\n";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        out += "\\u00";
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[c & 0xf];
      } else {
        out += c;
      }
  }
}

// Most text is plain, and is appended in one piece.
void append_string(std::string& out, std::string_view text) {
  std::size_t plain = 0;
  while (plain < text.size() && is_plain[static_cast<unsigned char>(text[plain])]) ++plain;
  (out += '"').append(text, 0, plain);
  if (plain < text.size()) {
    for (const char c : valid_utf8(text.substr(plain))) append_escaped(out, c);
  }
  out += '"';
}

}  // namespace

JsonWriter& JsonWriter::begin(char bracket) {
  append({&bracket, 1});
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::append(std::string_view text) {
  if (comma_) out_ += ',';
  out_ += text;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  if (comma_) out_ += ',';
  append_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  if (comma_) out_ += ',';
  append_string(out_, text);
  comma_ = true;
  return *this;
}

// A floating-point number keeps its fraction, even if the fraction is 0.
JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  append(digits);
  if (digits.find_first_of(".e") == std::string_view::npos) out_ += ".0";
  return *this;
}

}  // namespace leash::detail
