// SPDX-License-Identifier: BSL-1.0
#pragma once
// The last dumps, so that a later one can be compared with them.
//
// Guarantees     keeps the last 32; a dump is only compared with one of the same parameters. A dump with an entry per task,
//                or with more than 10,000 entries, gets a number but is not kept.
// Threads        one.
//
//   const std::uint64_t id = dumps.remember(question, at, dump);
//   const RecentDumps::Entry* then = dumps.find(id);

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "leash/clock.hpp"
#include "leash/dump.hpp"

namespace inspector {

class RecentDumps {
 public:
  struct Entry {
    std::uint64_t id;
    std::string question;  // the filter, as text
    leash::TimePoint at;
    leash::Dump dump;
    std::vector<std::string> unresponsive;  // loops that are missing
  };

  std::uint64_t remember(std::string question, leash::TimePoint at, leash::Dump dump,
                         std::vector<std::string> unresponsive = {}) {
    const std::uint64_t id = number();
    if (dump.entries.size() > most_kept) return id;
    if (entries_.size() == most) entries_.pop_front();
    entries_.push_back({id, std::move(question), at, std::move(dump), std::move(unresponsive)});
    return id;
  }
  std::uint64_t number() noexcept { return ++last_id_; }

  // Null if there never was one, or if it is too old.
  const Entry* find(std::uint64_t id) const noexcept {
    for (const Entry& entry : entries_) {
      if (entry.id == id) return &entry;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t most = 32;
  static constexpr std::size_t most_kept = 10'000;  // entries of a dump
  std::deque<Entry> entries_;
  std::uint64_t last_id_ = 0;
};

// A difference between two dumps: an entry whose count changed, the largest growth first; an entry that is gone has a
// count of 0.
struct Change {
  leash::TaskGroup entry;
  std::size_t before = 0;
};
std::vector<Change> changes(const leash::Dump& before, const leash::Dump& after);

}  // namespace inspector
