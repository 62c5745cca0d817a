// SPDX-License-Identifier: BSL-1.0
#pragma once
// Bytes that arrive in pieces. The input contains the lengths of the pieces.
//
// What it is     the first byte says how many bytes with lengths follow it (its low three bits), and has two
//                switches. Seeds stay readable: "0GET / ..." comes in one piece, "2ac..." in pieces of one and
//                three bytes in turn, "8..." (bit 3) with small limits, "p..." (bit 6) as the answer to HEAD.
// Lifetime       views the input.
// Threads        plain values.
//
//   const fuzz::Input input = fuzz::split_input(data, size);
//   fuzz::Cuts cuts(input.lengths);
//   while (...) feed(input.bytes.substr(at, cuts.next()));

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz {

struct Input {
  bool small_limits = false;
  bool to_head_request = false;
  std::string_view lengths;
  std::string_view bytes;
};

inline Input split_input(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  if (all.empty()) return {};
  const auto first = static_cast<unsigned char>(all[0]);
  const auto lengths = all.substr(1, first & 7U);
  return {(first & 8U) != 0, (first & 64U) != 0, lengths, all.substr(1 + lengths.size())};
}

// The lengths of the pieces, repeated. Without lengths, everything is one piece.
class Cuts {
 public:
  explicit Cuts(std::string_view lengths) : lengths_(lengths) {}

  // 1 for 'a', 26 for 'z'; 0, an empty piece, for '`' and similar characters.
  std::size_t next() {
    if (lengths_.empty()) return std::string_view::npos;
    if (at_ == lengths_.size()) at_ = 0;
    const auto length = static_cast<unsigned char>(lengths_[at_++]) & 31U;
    empty_in_a_row_ = length == 0 ? empty_in_a_row_ + 1 : 0;
    return empty_in_a_row_ > lengths_.size() ? 1 : length;  // there must be progress
  }

 private:
  std::string_view lengths_;
  std::size_t at_ = 0;
  std::size_t empty_in_a_row_ = 0;
};

}  // namespace fuzz
