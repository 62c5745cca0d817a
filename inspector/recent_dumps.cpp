// SPDX-License-Identifier: BSL-1.0
#include "inspector/recent_dumps.hpp"

#include <algorithm>
#include <map>

namespace inspector {

std::vector<Change> changes(const leash::Dump& before, const leash::Dump& after) {
  std::map<std::string, Change> by_key;
  for (const leash::TaskGroup& entry : after.entries) by_key[entry.key()].entry = entry;
  for (const leash::TaskGroup& entry : before.entries) {
    const auto [at, gone] = by_key.try_emplace(entry.key());
    at->second.before = entry.count;
    if (!gone) continue;
    at->second.entry = entry;
    at->second.entry.count = 0;
    at->second.entry.frame_bytes = 0;
    at->second.entry.heap_bytes.reset();
  }
  std::vector<Change> changed;
  for (auto& [key, change] : by_key) {
    if (change.entry.count != change.before) changed.push_back(std::move(change));
  }
  const auto growth = [](const Change& change) {
    return static_cast<std::int64_t>(change.entry.count) - static_cast<std::int64_t>(change.before);
  };
  std::ranges::stable_sort(changed, std::ranges::greater(), growth);
  return changed;
}

}  // namespace inspector
