// SPDX-License-Identifier: BSL-1.0
#include "json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "../registry/escape.hpp"

namespace leash::detail {
namespace {

void append_escaped_json(std::string& out, std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  for (const char c : text) {
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
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  bool is_ascii = true;
  for (const char c : text) is_ascii &= static_cast<unsigned char>(c) < 0x80;
  if (is_ascii) {
    append_escaped_json(out, text);
  } else {
    append_escaped_json(out, valid_utf8(text));
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
  append({});
  append_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  append({});
  append_string(out_, text);
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
