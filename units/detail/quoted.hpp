// SPDX-License-Identifier: BSL-1.0
#pragma once
// A given text as it is shown in an error.
//
// Threads        any.
//
//   units::detail::quoted("1\n")   // "'1?'"

#include <algorithm>
#include <string>
#include <string_view>

namespace units::detail {

inline std::string quoted(std::string_view text) {
  std::string shown = "'" + std::string(text) + "'";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::ranges::replace_if(shown, is_control, '?');
  return shown;
}

}  // namespace units::detail
