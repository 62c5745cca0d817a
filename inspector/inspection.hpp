// SPDX-License-Identifier: BSL-1.0
#pragma once
// Asks every loop of the process for its tasks or contexts, or to reap.
//
// Guarantees     waits for at most a second; loops that have not answered by then are named, and their late answers are
//                dropped. No loop waits for another.
// Threads        called on the loop `here`, on which the calling task runs.
//
//   const auto seen = co_await inspector::dump_tasks(ctx, here, {});
//   use(seen.all, seen.unresponsive);

#include <cstddef>
#include <string>
#include <vector>

#include "leash/context.hpp"
#include "leash/contexts.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/loop.hpp"
#include "leash/reaper.hpp"
#include "leash/task.hpp"

namespace inspector {

// Stranded tasks are searched only in loops with at most this many live tasks, which takes a few milliseconds.
inline constexpr std::size_t most_for_stranded = 20'000;

// The answers of all loops, merged.
template <class T>
struct FromLoops {
  FromLoops() noexcept {}
  T all;
  std::vector<std::string> unresponsive;  // names of loops
};

// One dump per loop, for reports that name the loop of each entry.
leash::Task<FromLoops<std::vector<leash::Dump>>> dump_tasks_by_loop(leash::Context ctx, leash::Loop& here,
                                                                    leash::DumpOptions options);
leash::Task<FromLoops<leash::Dump>> dump_tasks(leash::Context ctx, leash::Loop& here,
                                               leash::DumpOptions options);
leash::Task<FromLoops<leash::ContextDump>> dump_contexts(leash::Context ctx, leash::Loop& here);
// The tracked coroutines (leash/coroutines.hpp), read without asking any loop, in slices so that others are served meanwhile.
struct CoroutineDump {
  std::size_t live = 0;  // of the process, whatever the filter
  std::size_t matched = 0;
  std::vector<leash::CoroutineGroup> entries;  // the largest first
};
leash::Task<CoroutineDump> dump_coroutines(leash::CoroutineFilter filter);
// The filter's limit applies to each loop.
leash::Task<FromLoops<leash::Reaped>> reap(leash::Context ctx, leash::Loop& here, leash::TaskFilter filter);

}  // namespace inspector
