// SPDX-License-Identifier: BSL-1.0
#pragma once
// Which contexts a loop has, by the place at which they were made.
//
// What it is     the contexts that are not done, those below without_cancel among them: each group was made at the same place,
//                with the same label, and with or without a deadline of its own. Contexts that are done and
//                still referred to are only counted.
// Guarantees     visits at most `most` contexts, and says so when there were more.
// Threads        taken on the loop's thread (post there); the result is plain data.
//
//   for (const leash::ContextGroup& group : leash::live_contexts(loop).groups)
//     std::cout << group.count << " made at " << group.site.file << ":" << group.site.line << "\n";

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/loop.hpp"
#include "leash/snapshot.hpp"

namespace leash {

struct ContextGroup {
  Frame site;         // where they were made, and by which function
  std::string label;  // "request", without the number; may be empty
  std::size_t count = 0;
  std::size_t armed = 0;                     // of these, with a deadline of their own
  std::optional<Duration> nearest_deadline;  // until the first of these deadlines
  std::optional<Duration> farthest_deadline;
};

struct ContextDump {
  std::size_t live = 0;              // as the metrics count them
  std::size_t held = 0;              // done, still referred to
  bool complete = true;              // all live ones were visited
  std::vector<ContextGroup> groups;  // the largest first
};

ContextDump live_contexts(const Loop& loop, std::size_t most = 100'000);
ContextDump merge(const std::vector<ContextDump>& dumps);

}  // namespace leash
