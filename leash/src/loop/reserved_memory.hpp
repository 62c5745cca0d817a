// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reserved memory for a handler of which a loop has only one pending, as an allocator for Asio. Ending tasks and firing
// timers must not fail when memory runs out. Internal.

#include <array>
#include <cstddef>
#include <utility>

#include "leash/error.hpp"

namespace leash::detail {

class ReservedMemory {
 public:
  template <class T>
  class Allocator {
   public:
    using value_type = T;
    explicit Allocator(ReservedMemory& memory) noexcept : memory_(&memory) {}
    template <class U>
    Allocator(const Allocator<U>& other) noexcept : memory_(other.memory_) {}

    T* allocate(std::size_t count) noexcept {
      static_assert(sizeof(T) <= size && alignof(T) <= alignof(std::max_align_t));
      check(count == 1 && !std::exchange(memory_->used_, true), "a loop's handler was pending twice");
      return reinterpret_cast<T*>(memory_->bytes_.data());
    }
    void deallocate(T*, std::size_t) noexcept { memory_->used_ = false; }
    friend bool operator==(const Allocator&, const Allocator&) = default;

   private:
    template <class U>
    friend class Allocator;
    ReservedMemory* memory_;
  };

  bool used() const noexcept { return used_; }

 private:
  static constexpr std::size_t size = 256;  // GCC 12 and Asio 1.22 need half of it
  alignas(std::max_align_t) std::array<std::byte, size> bytes_;
  bool used_ = false;
};

}  // namespace leash::detail
