// SPDX-License-Identifier: BSL-1.0
#pragma once
// Parts of reports. Internal.
//
//   text += short_duration(3200ms) + " " + short_bytes(1229);  // "3.2s 1.2 KiB"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace leash {

// Makes a function name of the compiler readable: without return type and parameters.
std::string readable_function(std::string_view function);

namespace detail {

std::string short_duration(std::chrono::nanoseconds duration);
std::string short_bytes(std::size_t bytes);
// One line, in which `left` takes 25 columns.
void append_columns(std::string& text, std::string left, const std::string& right);

}  // namespace detail
}  // namespace leash
