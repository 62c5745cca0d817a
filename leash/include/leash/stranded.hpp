// SPDX-License-Identifier: BSL-1.0
#pragma once
// Which tasks nothing can ever wake.
//
// What it is     a task is *stranded* when it waits on a channel, a Done or a WaitGroup, and every handle of that lies in the
//                frames of tasks that are stranded, too: a sender that returned early, a `done` that was skipped. It is so
//                whatever owns the task, and long before the owner ends.
// Guarantees     no verdict is wrong: a handle anywhere else (on the heap, on the stack, in the frame of a task that may
//                go on) means that the task may be woken. A wait under a context, or beside a timer or an operation, may
//                end, too. What is in a channel's buffer is on the heap.
// Lifetime       a verdict holds until the task goes on, or is looked at again.
// Threads        the loop's thread. It takes the memory of the waiting tasks' frames to read, about 0.1 us per task.
//
//   leash::find_stranded(loop);  // dumps and metrics say from now on which of them are
//   std::cout << leash::to_text(leash::take_dump(loop));

#include <cstddef>

#include "leash/loop.hpp"

namespace leash {

/// Looks at all tasks that wait, unless there are more than `most`: then what is known stays as it was, and false is
/// returned.
bool find_stranded(const Loop& loop, std::size_t most = 100'000);

}  // namespace leash
