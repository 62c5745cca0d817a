// SPDX-License-Identifier: BSL-1.0
#pragma once
// The layout of loops and tasks in memory, for a reader in another process, on another thread, or of a core file.
// Internal.
//
// What it is     one table per process, with the address of each loop and the offset of each member that a reader
//                needs. An ELF note contains the address of the table (note.hpp).
// Guarantees     the code that uses the offsets computes them, so they are correct for every compiler and option. The
//                first four members never change, so a reader of another version finds the version.
// Threads        enter() and leave() from any thread. A reader reads through leash/src/outside/memory.hpp only.
//
//   outside::enter(state);  // the Loop is made
//   outside::leave(state);  // it is gone

#include <array>
#include <cstddef>
#include <cstdint>

namespace leash {
namespace detail {
class LoopState;
}

namespace outside {

inline constexpr std::array<char, 8> layout_magic{'l', 'e', 'a', 's', 'h', 'o', 'u', 't'};
inline constexpr std::uint32_t layout_version = 2;
inline constexpr std::size_t max_loops = 256;

// A bit field.
struct Bits {
  std::uint32_t offset = 0;  // of its byte
  std::uint32_t mask = 0;
};

struct Layout {
  std::array<char, 8> magic{};  // zero until the first Loop is created
  std::uint32_t version = layout_version;
  std::uint32_t size = sizeof(Layout);
  std::array<char, 16> library{};  // the version of leash, as text

  std::array<std::uint64_t, max_loops> loops{};  // addresses of LoopState; 0: none
  std::uint32_t loops_left_out = 0;              // live loops that did not fit

  std::uint32_t sites = 0;  // the number of task lists, and of entries of the table of sites, per loop
  std::uint64_t trace_key = 0;
  std::array<std::uint64_t, 3> categories{};  // addresses: leash's, generic, system

  struct {
    std::uint32_t next = 0, prev = 0;  // of Hook, relative to itself
    std::uint32_t head = 0;            // of List
    std::uint32_t size = 0;            // of List
  } list;
  struct {
    std::uint32_t size = 0;
    std::uint32_t name = 0;  // the address of its text; its length is in the next 8 bytes
    std::uint32_t clock = 0, metrics = 0, tasks = 0, background = 0, never = 0;
  } loop;
  struct {
    std::uint32_t live = 0;   // in Metrics
    std::uint32_t table = 0;  // in Metrics, of its sites
    std::uint32_t size = 0;   // of SiteMetrics
    std::uint32_t file = 0, function = 0, line = 0;
  } site;
  struct {
    std::uint32_t size = 0;
    std::uint32_t hook = 0;      // Hook<TaskRecord>
    std::uint32_t in_scope = 0;  // Hook<InScope>, of a ScopedTaskRecord
    std::uint32_t scope = 0;     // likewise
    std::uint32_t owner = 0, innermost = 0, id = 0, started = 0, waits_since = 0, extra = 0, bytes = 0,
                  site = 0;
    std::uint32_t name = 0;  // text, in TaskExtra
    Bits wait, is_in_scope, running, detached, orphan, leaked, uncancellable, stranded;
  } task;
  struct {
    std::uint32_t size = 0;
    std::uint32_t parent = 0, where = 0;
  } frame;
  struct {
    std::uint32_t size = 0;
    std::uint32_t kind = 0, role = 0, err = 0, parent = 0, signal = 0;
  } context;
  struct {
    std::uint32_t size = 0;
    std::uint32_t context = 0;            // ContextNode in it
    std::uint32_t dependent = 0;          // Dependent in it
    std::uint32_t on_done = 0, hook = 0;  // in Dependent
    std::uint32_t dependents = 0, deadline = 0, done_at = 0, label = 0, number = 0, where = 0, maker = 0;
    std::uint32_t cause = 0;        // its value; the address of its category is in the next 8 bytes
    std::uint64_t parent_done = 0;  // the on_done of a child
  } signal;
  struct {
    std::uint32_t size = 0;
    std::uint32_t outlived = 0, since = 0, label = 0, number = 0;
    std::uint32_t cause = 0;  // as in a signal node
  } maker;
  struct {
    std::uint32_t size = 0;
    std::uint32_t key = 0, value = 0;
    std::uint32_t trace_high = 0, trace_low = 0;  // of Trace
  } value;
  struct {
    std::uint32_t size = 0;
    std::uint32_t holder = 0, joiner = 0, tasks = 0;
    std::uint32_t context = 0;  // the address of its own SignalNode
  } scope;
};

void enter(detail::LoopState& loop);
void leave(detail::LoopState& loop) noexcept;

}  // namespace outside
}  // namespace leash

// Hidden, because the note refers to it by its distance, which a shared library knows only of its own symbols.
extern "C" [[gnu::visibility("hidden")]] leash::outside::Layout leash_outside_layout;
