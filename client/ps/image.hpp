// SPDX-License-Identifier: BSL-1.0
#pragma once
// Programs and libraries as they lie in a process's memory: their notes, and leash's table that one of these names.
//
// Guarantees     reads nothing but memory, so that a binary that was stripped, moved or deleted makes no difference;
//                ends, whatever is there.
// Threads        one.
//
//   for (const std::uint64_t base : images) {
//     if (const auto table = client::find_table(memory, base)) return *table;
//   }

#include <cstdint>
#include <optional>
#include <vector>

#include "leash/src/outside/memory.hpp"

namespace client {

// The address of leash's table; nothing where no ELF image begins at `base`, or it has no leash.
std::optional<std::uint64_t> find_table(leash::outside::Memory& memory, std::uint64_t base);

// Empty: it has none.
std::vector<unsigned char> build_id(leash::outside::Memory& memory, std::uint64_t base);

}  // namespace client
