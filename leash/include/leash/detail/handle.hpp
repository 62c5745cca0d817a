// SPDX-License-Identifier: BSL-1.0
#pragma once
// Handle<T>: a counted handle that can be distinguished from any other bytes in memory. So the handles in the frames of
// tasks can be counted (leash/stranded.hpp).
//
// What it is     as Ref<T>, but it stores the address of the object mixed with its own address. So copies of its bytes,
//                and addresses of the object that the compiler stores elsewhere, do not count as handles. It erases its
//                bytes when it is destroyed or moved from.
// Threads        the object's.
//
//   if (object_of_handle(word, place) == address_of_state) ++handles_in_this_frame;

#include <cstdint>
#include <utility>

namespace leash::detail {

template <class T>
class Handle {
 public:
  explicit Handle(T* object) noexcept : word_(mixed(reinterpret_cast<std::uintptr_t>(object))) {
    object->retain();
  }
  Handle(const Handle& other) noexcept {
    if (!other) return;
    word_ = mixed(reinterpret_cast<std::uintptr_t>(other.get()));
    other->retain();
  }
  Handle(Handle&& other) noexcept {
    if (!other) return;
    word_ = mixed(reinterpret_cast<std::uintptr_t>(other.get()));
    other.erase();
  }
  Handle& operator=(const Handle& other) noexcept {
    if (this != &other) *this = Handle(other);
    return *this;
  }
  Handle& operator=(Handle&& other) noexcept {
    if (this == &other) return *this;
    T* const object = other ? other.get() : nullptr;
    T* const before = *this ? get() : nullptr;
    other.erase();
    word_ = object ? mixed(reinterpret_cast<std::uintptr_t>(object)) : 0;
    if (before) before->release();
    return *this;
  }
  ~Handle() {
    if (!*this) return;
    T* const object = get();
    erase();
    object->release();
  }

  T* get() const noexcept { return reinterpret_cast<T*>(mixed(word_)); }
  T* operator->() const noexcept { return get(); }
  explicit operator bool() const noexcept { return word_ != 0; }

 private:
  std::uintptr_t mixed(std::uintptr_t address) const noexcept;
  // An optimizer would remove a plain store to an object at the end of its lifetime.
  void erase() noexcept { const_cast<volatile std::uintptr_t&>(word_) = 0; }

  std::uintptr_t word_ = 0;
};

// The first 16 bits of an address are 0. Another number in a frame is very unlikely to fulfill this after it was mixed
// with its place.
inline constexpr std::uintptr_t handle_mark = std::uintptr_t{0xa5c3} << 48;

template <class T>
std::uintptr_t Handle<T>::mixed(std::uintptr_t address) const noexcept {
  return address ^ reinterpret_cast<std::uintptr_t>(this) ^ handle_mark;
}

// The address of the object, if the word is a handle.
inline std::uintptr_t object_of_handle(std::uintptr_t word, std::uintptr_t place) noexcept {
  return word ^ place ^ handle_mark;
}

}  // namespace leash::detail
