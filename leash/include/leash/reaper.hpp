// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ends leaked tasks by force.
//
// What it is     a leaked task's wait lets go of it and it is not resumed: its frames are destroyed, the
//                innermost first, so that destructors run and what it held is freed. LoopOptions::reap_after
//                does it by itself.
// Guarantees     only leaked tasks: one whose owner is not done is never touched. One that is in an operation
//                (leash/via.hpp says which let a frame go at once) or an asio::awaitable has it canceled, is not
//                resumed, and goes when it has returned. So does a task that holds a scope with such a task: the
//                tasks of its scopes go before it. Counted by site (Outcome::reaped). May be called anywhere on the
//                loop's thread, also by a task, by a destructor and by on_exception; a task that reaps itself goes at
//                its next wait.
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
  std::size_t ended = 0;    ///< with the tasks of scopes that they held
  std::size_t waiting = 0;  ///< end as soon as the operation that they, or tasks below them, are in returns
};

/// The oldest orphans first, up to the filter's limit.
Reaped reap(Loop& loop, const TaskFilter& filter = {});

}  // namespace leash
