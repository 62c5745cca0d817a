// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/section_scanner.hpp"

#include <algorithm>

#include "http/message/detail/ascii.hpp"

namespace http::detail {

void SectionScanner::reset() noexcept {
  in_start_line_ = start_ == Start::line;
  in_name_ = false;
  after_cr_ = false;
  line_bytes_ = 0;
  bytes_ = 0;
  fields_ = 0;
}

SectionScanner::Scan SectionScanner::scan(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (after_cr_) {
      if (bytes[at] != '\n') return {Result::bare_cr, at};
      ++at;
      const Result result = end_of_line();
      if (result != Result::need_more) return {result, at};
      continue;
    }

    const bool starts_field = !in_start_line_ && line_bytes_ == 0 && bytes[at] != '\r';
    if (starts_field) {
      if (bytes[at] == ' ' || bytes[at] == '\t') return {Result::folded_line, at};
      if (bytes[at] == ':') return {Result::nameless_field, at};
      if (++fields_ > limits_.fields) return {Result::too_many_fields, at};
      in_name_ = true;
    }

    const std::size_t from = at;
    bool malformed_name = false;
    if (in_name_) {
      while (at < bytes.size() && is_token_char(bytes[at])) ++at;
      if (at < bytes.size()) {
        // Other bytes that end a name are reported below.
        malformed_name = bytes[at] != ':' && (bytes[at] == '\r' || is_text_char(bytes[at]));
        in_name_ = false;
      }
    }
    if (!malformed_name) at += text_length(bytes.substr(at));
    line_bytes_ += at - from;
    bytes_ += at - from;
    // Both counts grow together. The limit that is exceeded by more was passed first, however the bytes are split.
    const std::size_t line_limit = std::min(limits_.start_line, limits_.bytes);
    const std::size_t over_line = in_start_line_ && line_bytes_ > line_limit ? line_bytes_ - line_limit : 0;
    const std::size_t over_bytes = bytes_ > limits_.bytes ? bytes_ - limits_.bytes : 0;
    if (over_line > 0 && over_line >= over_bytes) return {Result::start_line_too_long, at};
    if (over_bytes > 0) return {Result::too_many_bytes, at};
    if (malformed_name)
      return {Result::malformed_name, at};  // checked after the limits, which were passed before it
    if (at == bytes.size()) break;

    if (bytes[at] == '\n') return {Result::bare_lf, at};
    if (bytes[at] != '\r') return {Result::control_character, at};
    after_cr_ = true;
    ++at;
  }
  return {Result::need_more, at};
}

SectionScanner::Result SectionScanner::end_of_line() noexcept {
  const bool empty_line = line_bytes_ == 0;
  after_cr_ = false;
  line_bytes_ = 0;
  bytes_ += 2;
  if (bytes_ > limits_.bytes) return Result::too_many_bytes;
  if (in_start_line_) {
    // A server ignores empty lines before a request line, RFC 9112 section 2.2.
    if (empty_line) return Result::need_more;
    in_start_line_ = false;
    return Result::start_line;
  }
  return empty_line ? Result::complete : Result::need_more;
}

}  // namespace http::detail
