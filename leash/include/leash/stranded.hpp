// SPDX-License-Identifier: BSL-1.0
#pragma once
// Finds tasks that nothing can ever wake.
//
// What it is     a task is *stranded* when it waits on a channel, a Done or a WaitGroup, and every handle of it lies in the
//                frames of tasks that are stranded too: for example, the sender returned early, or a `done` was skipped.
//                This does not depend on the owner, and holds long before the owner ends.
// Guarantees     there are no false positives: a handle anywhere else (on the heap, on the stack, in the frame of a task
//                that may go on) means that the task may be woken. So does a wait under a context, or beside a timer or an
//                operation. Values in a channel's buffer are on the heap.
// Threads        the loop's thread. It reads the memory of the waiting tasks' frames, about 0.1 us per task.
// Lifetime       a verdict holds until the task goes on, or until the next search.
//
//   leash::find_stranded(loop);  // from now on, dumps and metrics show which tasks are stranded
//   std::cout << leash::to_text(leash::take_dump(loop));

#include <cstddef>

#include "leash/loop_base.hpp"

namespace leash {

/// Checks all waiting tasks and returns true, unless there are more than `most`: then it changes nothing and returns
/// false.
bool find_stranded(const LoopBase& loop, std::size_t most = 100'000);

}  // namespace leash
