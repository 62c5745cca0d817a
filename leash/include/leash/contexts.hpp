// SPDX-License-Identifier: BSL-1.0
#pragma once
// Which contexts a loop has, by the place at which they were made.
//
// What it is     the contexts that are not done, those below without_cancel among them: each group was made at the same place,
//                with the same label, and with or without a deadline of its own; and those that are done and still
//                referred to.
//                *Outlived* is a context that is not done although the owner of the task that made it (the request) has
//                been done for longer than the loop's grace: its Cancel was kept instead of being called. Not one below
//                without_cancel, and not one whose label says that it may (Label::outliving).
// Guarantees     visits at most `most` contexts of each kind, and says so when there were more.
// Threads        taken on the loop's thread (post there).
// Lifetime       the result is plain data: it may outlive the loop.
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
  Frame site;         ///< where they were made, and by which function
  std::string label;  ///< "request", without the number; may be empty
  std::size_t count = 0;
  std::size_t armed = 0;                     ///< of these, with a deadline of their own
  std::optional<Duration> nearest_deadline;  ///< until the first of these deadlines
  std::optional<Duration> farthest_deadline;
  std::size_t outlived = 0;
  /// Of the one that has outlived its owner for the longest: that owner, as "request 918", may be empty; since when; why.
  std::string owner;
  std::optional<Duration> owner_done_for;
  std::string owner_cause;
  std::optional<Duration> done_for;  ///< of contexts that are held: the longest
};

struct ContextDump {
  std::size_t live = 0;              ///< as the metrics count them
  std::size_t held = 0;              ///< done, still referred to
  std::size_t outlived = 0;          ///< of those that are live
  bool complete = true;              ///< all were visited
  std::vector<ContextGroup> groups;  ///< of live ones, the largest first
  std::vector<ContextGroup> held_groups;
};

ContextDump live_contexts(const Loop& loop, std::size_t most = 100'000);
ContextDump merge(const std::vector<ContextDump>& dumps);
/// Only groups of which some have outlived their owner, and no held ones.
ContextDump only_outlived(ContextDump dump);

/// How many there are, and an entry for each group. Ends with a newline; labels and causes are escaped.
std::string to_text(const ContextDump& dump);
std::string to_text(const ContextGroup& group);

}  // namespace leash
