// SPDX-License-Identifier: BSL-1.0
#pragma once
// The contexts of a loop, grouped by the line that made them.
//
// What it is     contexts that are not done, including those below without_cancel, in groups with the same line, the same
//                label, and with or without a deadline of their own; and contexts that are done but still referenced.
//                A context is *outlived* when it is not done although the owner of the task that made it (the request)
//                has been done for longer than the loop's grace: its Cancel was kept instead of being called. Contexts
//                below without_cancel never count, nor contexts whose label allows it (Label::outliving).
// Guarantees     visits at most `most` contexts of each kind; `complete` says whether there were more.
// Threads        taken on the loop's thread (post there).
// Lifetime       the result is plain data and may outlive the loop.
//
//   for (const leash::ContextGroup& group : leash::live_contexts(loop).groups)
//     std::cout << group.count << " made at " << group.site.file << ":" << group.site.line << "\n";

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/loop_base.hpp"
#include "leash/snapshot.hpp"

namespace leash {

struct ContextGroup {
  Frame site;         ///< the line and the function that made them
  std::string label;  ///< "request", without the number; may be empty
  std::size_t count = 0;
  std::size_t armed = 0;                     ///< how many of them have a deadline of their own
  std::optional<Duration> nearest_deadline;  ///< time until the first of these deadlines
  std::optional<Duration> farthest_deadline;
  std::size_t outlived = 0;
  /// About the context that has outlived its owner for longest: the owner ("request 918"; may be empty), since when, why.
  std::string owner;
  std::optional<Duration> owner_done_for;
  std::string owner_cause;
  std::optional<Duration> done_for;  ///< of referenced contexts that are done: the longest time
};

struct ContextDump {
  std::size_t live = 0;              ///< contexts that are not done
  std::size_t held = 0;              ///< done, but still referenced
  std::size_t outlived = 0;          ///< live contexts that have outlived their owner
  bool complete = true;              ///< all were visited
  std::vector<ContextGroup> groups;  ///< of live contexts, the largest first
  std::vector<ContextGroup> held_groups;
};

ContextDump live_contexts(const LoopBase& loop, std::size_t most = 100'000);
ContextDump merge(const std::vector<ContextDump>& dumps);
/// Keeps only the groups with outlived contexts, and drops those that are done.
ContextDump only_outlived(ContextDump dump);

/// The totals and an entry for each group, as text that ends with a newline. Labels and causes are escaped.
std::string to_text(const ContextDump& dump);
std::string to_text(const ContextGroup& group);

}  // namespace leash
