// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ends leaked tasks by force.
//
// What it is     ends the wait of a leaked task without resuming it: its frames are destroyed, the innermost first, so
//                that destructors run and its memory is freed. LoopOptions::reap_after does this automatically.
// Guarantees     reaps only leaked tasks; a task whose owner is not done is never touched. If a task is in an operation
//                (leash/via.hpp says which release a frame at once) or awaits an asio::awaitable, that is canceled, and
//                the task is destroyed, without being resumed, when it has returned. The same holds for a task that
//                holds a scope with such a task: the tasks of its scopes are destroyed first. Counted by site
//                (Outcome::reaped). Callable anywhere on the loop's thread, also in a task, a destructor and
//                on_exception; a task that reaps itself ends at its next wait.
// Threads        the loop's thread (post there).
// Lifetime       references to objects of a reaped task dangle: lend them only to tasks that it owns, or share the
//                ownership.
//
//   leash::TaskFilter filter;
//   filter.min_age = 10min;
//   const leash::Reaped reaped = leash::reap(loop, filter);
//   log("reaped", reaped.ended, "and later", reaped.waiting);

#include <cstddef>

#include "leash/loop_base.hpp"
#include "leash/task_filter.hpp"

namespace leash {

struct Reaped {
  std::size_t ended = 0;    ///< including the tasks of their scopes
  std::size_t waiting = 0;  ///< end when their operation, or that of a task below them, returns
};

/// Reaps the oldest orphans first, up to the filter's limit.
Reaped reap(LoopBase& loop, const TaskFilter& filter = {});

}  // namespace leash
