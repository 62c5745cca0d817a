// SPDX-License-Identifier: BSL-1.0
#pragma once
// Where a send has its value until it is sent. Internal.
//
// What it is     T, a value of its own; or T*, a variable of the caller's, which is moved from when the value is sent, and
//                keeps it otherwise.

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
