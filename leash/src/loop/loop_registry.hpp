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

// Hears of the tasks that a loop destroys with itself, on the thread that destroys it. One at a time; empty:
// nobody. A call may be on its way when it is replaced.
using AbandonedWatcher = std::function<void(const std::vector<TaskInfo>&)>;
void watch_abandoned(AbandonedWatcher watcher);
AbandonedWatcher abandoned_watcher();

}  // namespace leash::detail
