// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds the end of a head or trailer section, in bytes that arrive in pieces of any size.
//
// What it is     the line structure of RFC 9112 section 2.2, stricter than llhttp 8.1 is: every line ends in
//                CR LF; no bare CR, bare LF, NUL or other control character; no folded lines; each field has a
//                name that is a token; limits on each.
// Guarantees     the result does not depend on how the bytes were split. An invalid byte is reported when it arrives,
//                not when the section is complete.
// Threads        one at a time.
//
//   SectionScanner scanner{SectionScanner::Start::line, limits};
//   auto [result, consumed] = scanner.scan(bytes);

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace http::detail {

struct SectionLimits {
  std::size_t start_line;  // bytes, without its CR LF
  std::size_t bytes;       // of the section
  std::size_t fields;
};

class SectionScanner {
 public:
  enum class Start : std::uint8_t { line, fields };  // whether a request or status line comes first

  enum class Result : std::uint8_t {
    need_more,
    start_line,  // its CR LF was consumed; scan on for the fields
    complete,    // the empty line was consumed
    start_line_too_long,
    too_many_bytes,
    too_many_fields,
    bare_cr,
    bare_lf,
    control_character,
    folded_line,
    nameless_field,
    malformed_name,  // up to a colon: token characters, and no space before it
  };

  struct Scan {
    Result result;
    std::size_t consumed;
  };

  SectionScanner(Start start, const SectionLimits& limits) noexcept : limits_(limits), start_(start) {
    reset();
  }

  Scan scan(std::string_view bytes) noexcept;
  // Called after a folded line, which continues the previous field.
  void unfold() noexcept { line_bytes_ = 1; }
  void reset() noexcept;

  std::size_t fields() const noexcept { return fields_; }  // so far

  // True if nothing but empty lines (which may precede a start line) was seen.
  bool untouched() const noexcept { return in_start_line_ && line_bytes_ == 0; }

 private:
  Result end_of_line() noexcept;

  SectionLimits limits_;
  Start start_;
  bool in_start_line_;
  bool in_name_;
  bool after_cr_;
  std::size_t line_bytes_;
  std::size_t bytes_;
  std::size_t fields_;
};

}  // namespace http::detail
