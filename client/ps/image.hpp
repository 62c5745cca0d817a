// SPDX-License-Identifier: BSL-1.0
#pragma once
// Programs and libraries as they lie in a process's memory: their notes, and leash's tables that these name.
//
// Guarantees     reads nothing but memory, so that a binary that was stripped, moved or deleted makes no difference;
//                ends, whatever is there.
// Threads        one.
//
//   for (const std::uint64_t base : images) {
//     if (const auto table = client::find_table(memory, base, leash::outside::loops_note)) return *table;
//   }

#include <cstdint>
#include <optional>
#include <vector>

#include "leash/src/outside/memory.hpp"
#include "leash/src/outside/note.hpp"

namespace client {

// The address of the table that leash's note of this type names; nothing where no ELF image begins at `base`, or it has none.
std::optional<std::uint64_t> find_table(leash::outside::Memory& memory, std::uint64_t base,
                                        std::uint32_t type);

// Empty: it has none.
std::vector<unsigned char> build_id(leash::outside::Memory& memory, std::uint64_t base);

}  // namespace client
