// SPDX-License-Identifier: BSL-1.0
#include "object.hpp"

#include <algorithm>

#include "leash/detail/report_text.hpp"

namespace leash::outside {

std::string text_at(CachedMemory& memory, std::uint64_t address, std::size_t most) {
  std::string text;
  std::array<char, 64> piece;
  while (address != 0 && text.size() < most) {
    // Does not read beyond the end of a page, which may be the last one.
    const std::size_t part =
        std::min({piece.size(), most - text.size(), piece.size() - address % piece.size()});
    if (!memory.read(address, piece.data(), part)) {
      return text.empty() ? "(unreadable text)" : text;
    }
    const std::size_t length = ::strnlen(piece.data(), part);
    text.append(piece.data(), length);
    if (length < part) break;
    address += part;
  }
  return text;
}

Frame place_at(CachedMemory& memory, std::uint64_t source_location) {
  constexpr std::size_t longest_text = 4096;
  // std::source_location of libstdc++ points to a structure that the compiler makes: two texts and two numbers.
  const Object where(memory, source_location, 24);
  if (!where) return {.function = "(unreadable place)", .file = {}, .line = 0};
  return {readable_function(text_at(memory, where.pointer(8), longest_text)),
          text_at(memory, where.pointer(0), longest_text), where.at<std::uint32_t>(16)};
}

}  // namespace leash::outside
