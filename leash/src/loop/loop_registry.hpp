// SPDX-License-Identifier: BSL-1.0
#pragma once
// The loops of this process, for checks that look at all of them. Internal. Touched by Loop's constructor and
// destructor and by checks; never by a task.

#include <functional>
#include <vector>

#include "leash/contexts.hpp"
#include "leash/loops.hpp"
#include "leash/snapshot.hpp"

namespace leash::detail {

void enter_loop(LoopBase& loop);
void leave_loop(LoopBase& loop);

struct LiveLoop {
  RemoteLoop remote;
  const void* state;  // its LoopState: by this address the registry of coroutines knows it
};

// Any thread; in the order in which they were made, also those that all_loops() leaves out.
std::vector<LiveLoop> live_loops();

// Tells every AbandonedHook; without one it does not ask for the tasks.
void tell_abandoned(const LoopBase& loop, const std::function<std::vector<TaskInfo>()>& tasks,
                    const std::vector<ContextGroup>& contexts);

}  // namespace leash::detail
