// SPDX-License-Identifier: BSL-1.0
#pragma once
// The place of a value until it is sent. Internal.
//
// What it is     T, a copy of the value; or T*, a variable of the caller, which is moved from if the value is sent, and
//                otherwise keeps it.

#include <type_traits>

namespace leash::detail {

template <class T>
using MovedSource = std::conditional_t<std::is_trivially_copyable_v<T>, T, T*>;

template <class T>
MovedSource<T> moved_source(T& value) noexcept {
  if constexpr (std::is_trivially_copyable_v<T>) {
    return value;
  } else {
    return &value;
  }
}

template <class T, class Source>
T& value_at(Source& source) noexcept {
  if constexpr (std::is_same_v<Source, T>) {
    return source;
  } else {
    return *source;
  }
}

}  // namespace leash::detail
