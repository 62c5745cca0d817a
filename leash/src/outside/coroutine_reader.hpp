// SPDX-License-Identifier: BSL-1.0
#pragma once
// Reads tracked coroutines from untrusted memory: of a running process, or of a damaged one. Internal.
//
// What it is     follows the table of coroutine_layout.hpp, and returns groups like leash::group_coroutines().
// Guarantees     ends for any contents of the memory. A coroutine that continues while it is read is shown up to that
//                point. remarks() names what cannot be known from outside: labels, and whether an owner is done.
// Threads        one.
// Lifetime       refers to the memory.
//
//   outside::CachedMemory memory(process);
//   auto reader = outside::CoroutineReader::open(memory, table_address);
//   if (!reader) return say(reader.error());
//   for (const CoroutineGroup& group : reader->groups()) std::cout << to_text(group);

#include <cstdint>
#include <expected>
#include <string>
#include <unordered_map>
#include <vector>

#include "coroutine_layout.hpp"
#include "leash/coroutines.hpp"
#include "memory.hpp"

namespace leash::outside {

class CoroutineReader {
 public:
  // The error is one line: no table, or one of another version.
  static std::expected<CoroutineReader, std::string> open(CachedMemory& memory, std::uint64_t table);

  // All live coroutines, the largest group first.
  std::vector<CoroutineGroup> groups();

  // One line for each thing that could not be read or known.
  const std::vector<std::string>& remarks() const noexcept { return remarks_; }

 private:
  struct Record;
  struct Chain;
  CoroutineReader(CachedMemory& memory, const CoroutineLayout& table) : memory_(&memory), table_(table) {}

  void read_registry();
  void read_clock(TimePoint now);
  Record record_at(std::uint64_t address);
  bool read_chain(std::uint64_t root, Chain& chain);
  CoroutineInfo describe(const Chain& chain);
  void judge(const Record& root, const Record& innermost, CoroutineInfo& info);
  std::uint64_t address_of(std::uint64_t id) const;  // 0 if there is none
  bool is_library(std::uint16_t site);
  CoroutinePlace site_at(std::uint16_t site);
  CoroutinePlace place(std::uint64_t source_location);
  std::chrono::nanoseconds since(std::uint32_t tick) const;
  std::chrono::nanoseconds age(std::uint32_t made) const;
  void see_time(const Record& record);
  std::uint32_t coarse_time_at(std::uint32_t tick) const;

  CachedMemory* memory_;
  CoroutineLayout table_;
  std::vector<std::string> remarks_;
  std::vector<std::uint64_t> slabs_;  // addresses
  std::vector<std::string> libraries_;
  std::uint64_t anchor_ticks_ = 0;  // the counter that ticks are made of, and the steady clock at that moment
  std::int64_t anchor_time_ = 0;
  std::uint32_t coarse_now_ = 0;
  std::uint32_t now_ = 0;   // in ticks
  double tick_length_ = 0;  // in nanoseconds
  std::unordered_map<std::uint16_t, std::uint64_t> sites_;
  std::unordered_map<std::uint64_t, CoroutinePlace> places_;
};

}  // namespace leash::outside
