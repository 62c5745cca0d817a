// SPDX-License-Identifier: BSL-1.0
#pragma once
// The ELF notes by which a reader finds leash's tables in a stripped, position-independent program. Internal.
//
// What it is     an allocated note named "leash" in a segment of its own, which `strip` does not remove. Its type names
//                the table, and its descriptor contains the distance to it. The linker knows the distance, so no
//                relocation is needed at startup.
// Requires       a hidden table, because a shared library knows the distance only to its own symbols.
//
//   LEASH_NOTE(1, leash_outside_layout);

#include <cstdint>

namespace leash::outside {

inline constexpr char note_name[] = "leash";
inline constexpr std::uint32_t loops_note = 1;       // layout.hpp
inline constexpr std::uint32_t coroutines_note = 2;  // coroutine_layout.hpp

// The contents of the note's descriptor.
struct Note {
  std::uint32_t version;
  std::uint32_t unused;
  std::int64_t table;  // relative to this member
};
static_assert(sizeof(Note) == 16 && sizeof(note_name) == 6, "the assembler text below has these numbers");

}  // namespace leash::outside

// The numbers are the sizes of the name and of the descriptor, the type, and the version.
#define LEASH_NOTE(type, table)                           \
  asm(".pushsection .note.leash, \"a\", %note\n"          \
      ".balign 4\n.long 6\n.long 16\n.long " #type        \
      "\n.asciz \"leash\"\n.balign 4\n.long 1\n.long 0\n" \
      ".quad " #table " - .\n.popsection\n")
