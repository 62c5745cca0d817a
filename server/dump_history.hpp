#pragma once
// The last dumps that were asked for, so that a later one can be compared with them.
//
// Guarantees     keeps the last 32; a dump is compared only with one of the same question.
// Threads        one.
//
//   const std::uint64_t id = history.remember(question, dump);
//   const DumpHistory::Entry* then = history.find(id);

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "leash/clock.hpp"
#include "leash/dump.hpp"

namespace server {

class DumpHistory {
 public:
  struct Entry {
    std::uint64_t id;
    std::string question;  // the filter, as text
    leash::TimePoint at;
    leash::Dump dump;
  };

  std::uint64_t remember(std::string question, leash::TimePoint at, leash::Dump dump) {
    if (entries_.size() == most) entries_.pop_front();
    entries_.push_back({++last_id_, std::move(question), at, std::move(dump)});
    return last_id_;
  }

  // Null: never was, or is too long ago.
  const Entry* find(std::uint64_t id) const noexcept {
    for (const Entry& entry : entries_) {
      if (entry.id == id) return &entry;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t most = 32;
  std::deque<Entry> entries_;
  std::uint64_t last_id_ = 0;
};

// What is different between two dumps: entries whose number changed, the largest growth first; one that is
// gone has a count of 0.
struct Change {
  leash::TaskGroup entry;
  std::size_t before = 0;
};
std::vector<Change> changes(const leash::Dump& before, const leash::Dump& after);

}  // namespace server
