// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads loops and tasks from untrusted memory: of a running process, or of a damaged one. Internal.
//
// What it is     follows the table of leash/src/outside/layout.hpp, and returns a leash::Dump.
// Guarantees     ends for any contents of the memory: lists are checked in both directions, and every count and text
//                has a limit. A list that changes while it is read is read again, several times. remarks() names what
//                could not be read.
// Threads        one.
// Lifetime       refers to the memory.
//
//   outside::CachedMemory memory(process);
//   auto reader = outside::Reader::open(memory, table_address);
//   if (!reader) return say(reader.error());
//   std::cout << to_text(reader->dump({}));

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "layout.hpp"
#include "leash/dump.hpp"
#include "leash/snapshot.hpp"
#include "memory.hpp"

namespace leash::outside {

class Object;

// A task in memory. It has addresses where TaskInfo has text.
struct RawTask {
  std::uint64_t address = 0;
  std::uint64_t loop = 0;
  std::uint64_t id = 0;
  std::uint64_t owner = 0;  // ContextNode
  std::uint64_t name = 0;   // text; 0: none
  std::uint64_t scope = 0;  // 0: none
  std::int64_t started = 0;
  std::int64_t waits_since = 0;
  std::uint32_t bytes = 0;
  std::uint16_t site = 0;
  WaitKind wait = WaitKind::none;
  TaskState state = TaskState::owned;
  bool uncancellable = false;
  bool stranded = false;
  bool running = false;
  // The targets of source_locations, the innermost first. As in TaskInfo::frames, the middle may be left out.
  std::vector<std::uint64_t> awaits;
  std::size_t frames_left_out = 0;
};

struct ContextInfo {
  enum class Kind : std::uint8_t { signal, value, detached };  // as in ContextNode

  Kind kind = Kind::signal;
  std::uint64_t parent = 0;
  // Only for a signal node:
  std::string label;                     // with its number
  Frame place;                           // where it was made
  std::optional<std::int64_t> deadline;  // its own, and not that of its parent
  std::optional<std::int64_t> done_at;
  std::string cause;
  // It has outlived the owner of the task that made it. That owner's end:
  std::optional<std::int64_t> outlived_since;
  std::string owner;
  std::string owner_cause;
};

class Reader {
 public:
  // The error is one line: no table, a table that is not complete yet, or one of another version.
  static std::expected<Reader, std::string> open(CachedMemory& memory, std::uint64_t table);

  // Uses the filter (state, site, name, minimum age and limit), but not the slice.
  Dump dump(const DumpOptions& options);

  // One line for each thing that could not be read.
  const std::vector<std::string>& remarks() const noexcept { return remarks_; }

  // For other views of the same memory.
  std::vector<std::uint64_t> loops();
  std::string loop_name(std::uint64_t loop);
  // Calls `add` for the tasks of a list, then `commit`; or `drop`, and then reads the list again.
  void each_task(std::uint64_t loop, const std::function<void(RawTask)>& add,
                 const std::function<void()>& commit, const std::function<void()>& drop);
  TaskInfo describe(const RawTask& task, std::int64_t now);
  std::int64_t now(std::uint64_t loop) const;  // by the loop's clock, as far as it is known
  std::string text_at(std::uint64_t address, std::size_t most);
  Frame frame_at(std::uint64_t source_location);
  ContextInfo context_at(std::uint64_t node);
  std::uint64_t word(std::uint64_t address);  // 0 if there is none

  CachedMemory& memory() noexcept { return *memory_; }
  const Layout& table() const noexcept { return table_; }
  void remark(std::string line);
  void saw(std::int64_t time) noexcept;
  // The difference of two times, which may be wrong in damaged memory.
  static Duration since(std::int64_t now, std::int64_t then) noexcept;

 private:
  static constexpr std::size_t longest_name = 256;
  Reader(CachedMemory& memory, const Layout& table) : memory_(&memory), table_(table) {}

  enum class Walk { complete, changed, unreadable };
  Walk walk(std::uint64_t loop, std::uint64_t list, const std::function<void(RawTask)>& add);
  bool read_task(RawTask& task);
  void read_frames(RawTask& task, std::uint64_t frame);
  struct Site {
    Frame place;
  };
  const Site& site_of(const RawTask& task);
  void describe_owner(const RawTask& task, std::int64_t now, TaskInfo& info);
  std::string label_at(const Object& object, std::uint32_t label, std::uint32_t number);
  std::string message_at(const Object& object, std::uint32_t cause) const;

  CachedMemory* memory_;
  Layout table_;
  std::vector<std::string> remarks_;
  std::unordered_map<std::uint64_t, Frame> frames_;
  std::unordered_map<std::uint64_t, Site> sites_;  // by address
  std::int64_t newest_ = 0;                        // the latest time in the memory
};

}  // namespace leash::outside
