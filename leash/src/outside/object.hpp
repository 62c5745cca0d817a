// SPDX-License-Identifier: BSL-1.0
#pragma once
// Objects, texts and source locations in untrusted memory. Internal.
//
// Guarantees     unreadable data is 0, or is marked as unreadable. Every text has a maximum length.
// Threads        one.
//
//   const Object record(memory, address, table.record.size);
//   if (record) id = record.at<std::uint64_t>(table.record.id);

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "layout.hpp"
#include "leash/snapshot.hpp"
#include "memory.hpp"

namespace leash::outside {

// The bytes at an address, and the members in them; 0 for a member outside of them.
class Object {
 public:
  Object(CachedMemory& memory, std::uint64_t address, std::size_t size)
      : size_(size), complete_(size <= bytes_.size() && memory.read(address, bytes_.data(), size)) {
    if (!complete_) size_ = 0;
  }

  explicit operator bool() const noexcept { return complete_; }

  template <class T>
  T at(std::uint32_t offset) const noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (offset <= size_ && sizeof(T) <= size_ - offset)
      std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::uint64_t pointer(std::uint32_t offset) const noexcept { return at<std::uint64_t>(offset); }
  unsigned bits(const Bits& where) const noexcept { return at<std::uint8_t>(where.offset) & where.mask; }

 private:
  std::array<std::byte, 4096> bytes_;
  std::size_t size_;
  bool complete_;
};

// The text up to its null character.
std::string text_at(CachedMemory& memory, std::uint64_t address, std::size_t most);

// The place in a std::source_location with this value.
Frame place_at(CachedMemory& memory, std::uint64_t source_location);

}  // namespace leash::outside
