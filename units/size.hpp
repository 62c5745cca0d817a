// SPDX-License-Identifier: BSL-1.0
#pragma once
// Sizes as people write them: "512", "64k", "16KiB", "1MiB", "1GiB". Units are powers of 1024.
//
// Threads        any.
//
//   auto limit = http::parse_size("16KiB");  // 16384
//   http::format_size(1234)                  // "1.2 KiB"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace http {

// Digits and, in either case, one of nothing, B, k, M, G, KiB, MiB, GiB; into bytes. Errors, with one clear
// line: anything else (KB too: 1000 or 1024?), more than 64 bits hold.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

// For people: one decimal from KiB on, rounded.
std::string format_size(std::uint64_t bytes);

}  // namespace http
