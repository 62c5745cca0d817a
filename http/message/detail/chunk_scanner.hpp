// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads the lines between the data of chunks, from bytes that arrive in pieces of any size.
//
// What it is     RFC 9112 section 7.1: the CR LF after the data of the previous chunk, the size, and extensions, which
//                are checked and ignored. Spaces around ';' and '=' are allowed there, and nowhere else. (llhttp
//                8.1 rejects them, which a recipient must not do.)
// Guarantees     the result does not depend on how the bytes were split. An invalid byte is reported when it
//                arrives.
// Threads        one at a time.
//
//   ChunkScanner scanner;
//   auto [result, consumed] = scanner.scan(bytes);
//   if (result == ChunkScanner::Result::size) left = scanner.size();  // this much data follows; then call
//   scanner.after_data();

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace http::detail {

class ChunkScanner {
 public:
  enum class Result : std::uint8_t {
    need_more,
    size,  // the line was consumed
    bad_end,
    bad_size,
    bad_extension,
  };

  struct Scan {
    Result result;
    std::size_t consumed;
  };

  Scan scan(std::string_view bytes) noexcept;
  std::uint64_t size() const noexcept { return size_; }  // 0: the last chunk

  void reset() noexcept { *this = {}; }  // a first chunk follows
  void after_data() noexcept { state_ = State::data_cr; }

 private:
  enum class State : std::uint8_t {
    data_cr,
    data_lf,
    first_digit,
    digits,
    space_after_size,
    before_name,
    name,
    space_after_name,
    before_value,
    token,
    quoted,
    quoted_pair,
    after_quoted,
    space_after_value,
    line_lf,
  };
  Result step(char c) noexcept;
  Result step_extension(char c) noexcept;
  Result end_of_part(char c, State after_space) noexcept;

  State state_ = State::first_digit;
  std::uint64_t size_ = 0;
};

}  // namespace http::detail
