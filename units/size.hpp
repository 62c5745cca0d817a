// SPDX-License-Identifier: BSL-1.0
#pragma once
// Sizes as people write them, "512", "64k", "16KiB", "1MiB", and as people read them, "1.2 KiB". Units are powers of
// 1024.
//
// Guarantees     parse_size(format_size(n)) == n.
// Threads        any.
//
//   auto limit = units::parse_size("16KiB");  // 16384
//   units::format_size(16384)                 // "16KiB"
//   units::rounded_size(-1'258'291)           // "-1.2 MiB"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace units {

// Digits and, in either case, one of nothing, B, k, M, G, T, KiB, MiB, GiB, TiB; into bytes. Errors, with one clear
// line: anything else (KB too: 1000 or 1024?), more than 64 bits hold.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

// What was configured: exact, in the largest unit that divides it.
std::string format_size(std::uint64_t bytes);

// What was measured: one decimal from KiB on, rounded.
std::string rounded_size(std::int64_t bytes);

}  // namespace units
