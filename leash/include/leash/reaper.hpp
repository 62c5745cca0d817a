// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ends leaked tasks by force.
//
// What it is     a leaked task's wait lets go of it and it is not resumed: its frames are destroyed, the
//                innermost first, so that destructors run and what it held is freed. LoopOptions::reap_after
//                does it by itself.
// Guarantees     only leaked tasks: one whose owner is not done is never touched. One that waits in an
//                operation that cannot be cancelled is reaped when that returns; an asio::awaitable is
//                cancelled through its slot, and waited for likewise. So is a task that holds a scope with
//                such a task. Counted by site (Outcome::reaped).
// Threads        the loop's thread (post there).
// Lifetime       what a leaked task lent to others by reference is gone afterwards: what it lent it to should
//                be owned by it, or share the ownership.
//
//   leash::TaskFilter filter;
//   filter.min_age = 10min;
//   const leash::Reaped reaped = leash::reap(loop, filter);
//   log("reaped", reaped.ended, "and later", reaped.waiting);

#include <cstddef>

#include "leash/loop.hpp"
#include "leash/task_filter.hpp"

namespace leash {

struct Reaped {
  std::size_t ended = 0;    // with the tasks of scopes that they held
  std::size_t waiting = 0;  // end as soon as the operation that they, or tasks below them, are in returns
};

// The oldest orphans first, up to the filter's limit.
Reaped reap(Loop& loop, const TaskFilter& filter = {});

}  // namespace leash
