// SPDX-License-Identifier: BSL-1.0
#include "http/message/detail/chunk_scanner.hpp"

#include "http/message/detail/ascii.hpp"

namespace http::detail {
namespace {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

ChunkScanner::Scan ChunkScanner::scan(std::string_view bytes) noexcept {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const Result result = step(bytes[at]);
    if (result == Result::size) return {result, at + 1};
    if (result != Result::need_more) return {result, at};
  }
  return {Result::need_more, bytes.size()};
}

ChunkScanner::Result ChunkScanner::step(char c) noexcept {
  const int digit = hex_digit(c);
  switch (state_) {
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r' ? Result::need_more : Result::bad_end;
    case State::data_lf:
      state_ = State::first_digit;
      return c == '\n' ? Result::need_more : Result::bad_end;
    case State::first_digit:
      if (digit < 0) return Result::bad_size;
      size_ = static_cast<std::uint64_t>(digit);
      state_ = State::digits;
      return Result::need_more;
    case State::digits:
      if (digit < 0) return end_of_part(c, State::space_after_size);
      if (size_ >> 60 != 0) return Result::bad_size;
      size_ = size_ << 4 | static_cast<std::uint64_t>(digit);
      return Result::need_more;
    case State::space_after_size:
      if (!is_space(c) && c != ';') return Result::bad_size;
      return end_of_part(c, State::space_after_size);
    case State::line_lf:
      state_ = State::first_digit;
      return c == '\n' ? Result::size : Result::bad_size;
    default:
      return step_extension(c);
  }
}

// After a size, a name or a value: the end of the line, another extension, or space before one.
ChunkScanner::Result ChunkScanner::end_of_part(char c, State after_space) noexcept {
  if (c == '\r') {
    state_ = State::line_lf;
  } else if (c == ';') {
    state_ = State::before_name;
  } else if (is_space(c)) {
    state_ = after_space;
  } else {
    return after_space == State::space_after_size ? Result::bad_size : Result::bad_extension;
  }
  return Result::need_more;
}

ChunkScanner::Result ChunkScanner::step_extension(char c) noexcept {
  const auto go_to = [this](State state) {
    state_ = state;
    return Result::need_more;
  };
  switch (state_) {
    case State::before_name:
      if (is_space(c)) return Result::need_more;
      return is_token_char(c) ? go_to(State::name) : Result::bad_extension;
    case State::name:
      if (is_token_char(c)) return Result::need_more;
      if (c == '=') return go_to(State::before_value);
      return end_of_part(c, State::space_after_name);
    case State::space_after_name:
      if (is_space(c)) return Result::need_more;
      if (c == '=') return go_to(State::before_value);
      return c == ';' ? go_to(State::before_name) : Result::bad_extension;
    case State::before_value:
      if (is_space(c)) return Result::need_more;
      if (c == '"') return go_to(State::quoted);
      return is_token_char(c) ? go_to(State::token) : Result::bad_extension;
    case State::token:
      if (is_token_char(c)) return Result::need_more;
      return end_of_part(c, State::space_after_value);
    case State::quoted:
      if (c == '"') return go_to(State::after_quoted);
      if (c == '\\') return go_to(State::quoted_pair);
      return is_text_char(c) ? Result::need_more : Result::bad_extension;
    case State::quoted_pair:
      return is_text_char(c) ? go_to(State::quoted) : Result::bad_extension;
    case State::after_quoted:
      return end_of_part(c, State::space_after_value);
    default:  // space_after_value
      if (is_space(c)) return Result::need_more;
      return c == ';' ? go_to(State::before_name) : Result::bad_extension;
  }
}

}  // namespace http::detail
