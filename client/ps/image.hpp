// SPDX-License-Identifier: BSL-1.0
#pragma once
// Programs and libraries in a process's memory: their notes, and the tables of leash that the notes name.
//
// Guarantees     reads memory only, so a stripped, moved or deleted binary makes no difference; ends for any
//                content.
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

// The address of the table that leash's note of this type names; nothing if no ELF image begins at `base`, or if the image
// has no such note.
std::optional<std::uint64_t> find_table(leash::outside::Memory& memory, std::uint64_t base,
                                        std::uint32_t type);

// Empty if the image has none.
std::vector<unsigned char> build_id(leash::outside::Memory& memory, std::uint64_t base);

}  // namespace client
