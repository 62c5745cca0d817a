// SPDX-License-Identifier: BSL-1.0
#pragma once
// The loops of this process, for checks that look at all of them. Internal. Touched by Loop's constructor and
// destructor and by checks; never by a task.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leash/metrics.hpp"
#include "leash/snapshot.hpp"

namespace leash::detail {

// What other threads may know of a loop.
struct LoopEntry {
  std::string name;
  std::shared_ptr<const Metrics> metrics;
};

void enter_loop(const Loop& loop);
void leave_loop(const Loop& loop);

// Any thread; in the order in which they were made.
std::vector<LoopEntry> live_loops();

// Tells every AbandonedHook; without one it does not ask for the tasks.
void tell_abandoned(const Loop& loop, const std::function<std::vector<TaskInfo>()>& tasks);

}  // namespace leash::detail
