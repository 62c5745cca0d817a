// SPDX-License-Identifier: BSL-1.0
#pragma once
// Where a process keeps its tracked coroutines, for a reader in another process or of a core file. Internal.
//
// What it is     one table per registry of coroutines, known when the program is compiled: the address of the registry, and
//                the place of each member that a reader needs. An ELF note says where the table is (note.hpp).
// Guarantees     the first three members never change: a reader of another version sees which version it is.
// Threads        none writes it.
//
//   memory.read(address, &table, sizeof table);

#include <array>
#include <cstddef>
#include <cstdint>

namespace leash {
namespace detail {
struct CoroutineRegistry;
}

namespace outside {

inline constexpr std::array<char, 8> coroutine_magic{'l', 'e', 'a', 's', 'h', 'c', 'o', 'r'};
inline constexpr std::uint32_t coroutine_layout_version = 3;

struct CoroutineLayout {
  std::array<char, 8> magic = coroutine_magic;
  std::uint32_t version = coroutine_layout_version;
  std::uint32_t size = sizeof(CoroutineLayout);

  const detail::CoroutineRegistry* registry = nullptr;
  std::uint32_t slabs = 0, slab = 0, site = 0, library = 0, anchor_ticks = 0,
                anchor_time = 0;  // in the registry
  std::uint32_t libraries = 0, sites = 0, most_slabs = 0;
  std::uint32_t records = 0, records_per_slab = 0;  // in a slab
  struct {
    std::uint32_t size = 0;
    std::uint32_t id = 0, at = 0, below = 0, above = 0, made = 0, since = 0, frame_size = 0, site = 0,
                  spawner_site = 0, wait = 0, flags = 0;
  } record = {};
};

}  // namespace outside
}  // namespace leash

extern "C" [[gnu::visibility("hidden")]] const leash::outside::CoroutineLayout leash_coroutine_layout;
