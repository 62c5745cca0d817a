// SPDX-License-Identifier: BSL-1.0
#pragma once
// The memory of this process as a reader sees it, with some bytes replaced.
//
//   PatchedMemory memory;
//   memory.patch(address_of(&record.id), std::uint64_t{42});

#include <unistd.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>

#include "leash/src/outside/memory.hpp"

namespace leash::outside {

inline std::uint64_t address_of(const void* object) { return std::bit_cast<std::uintptr_t>(object); }

class PatchedMemory final : public Memory {
 public:
  bool read(std::uint64_t address, void* to, std::size_t bytes) override {
    if (!process_.read(address, to, bytes)) return false;
    for (const auto& [where, byte] : patches_) {
      if (where >= address && where < address + bytes) static_cast<char*>(to)[where - address] = byte;
    }
    return true;
  }
  std::optional<TimePoint> now() const override { return time; }

  std::optional<TimePoint> time;  // without one it is like a core file

  template <class T>
  void patch(std::uint64_t address, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    for (std::size_t i = 0; i < sizeof value; ++i) patches_[address + i] = bytes[i];
  }

 private:
  ProcessMemory process_{::getpid()};
  std::map<std::uint64_t, char> patches_;
};

}  // namespace leash::outside
