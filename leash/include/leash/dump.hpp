// SPDX-License-Identifier: BSL-1.0
#pragma once
// A report of the live tasks of a loop.
//
// What it is     the tasks that match a filter, in groups: one entry for all tasks of the same site that are in the same
//                state and wait in the same chain of awaits, with their count, the oldest as an example, and the
//                bytes of their frames.
// Guarantees     taken in slices, each in its own handler: none takes much longer than options.slice, including those
//                that sort the entries (the clock is read every few dozen tasks or entries). Each task is shown as it is
//                at one moment; tasks that start after the call are not shown. `done` is called once, always later,
//                never inside the call. A dump of one loop never stops another loop. Entries have a bounded
//                size: TaskInfo::max_frames.
// Threads        called on the loop's thread (post there), as is `done`; a Dump is plain data.
// Lifetime       if the loop or its io_context ends first, the dump and `done` are dropped.
//
//   leash::DumpOptions options;
//   options.filter.state = leash::TaskState::leaked;
//   leash::take_dump(loop, options, [](leash::Dump dump) { std::cout << leash::to_text(dump); });

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/loop_base.hpp"
#include "leash/snapshot.hpp"
#include "leash/task_filter.hpp"

namespace leash {

struct DumpOptions {
  TaskFilter filter = {};                         ///< its limit applies to the entries shown
  bool full = false;                              ///< one entry for each task
  Duration slice = std::chrono::milliseconds(1);  ///< steady time per turn
};

struct Dump {
  std::size_t live = 0;            ///< all tasks of the loop, whatever the filter
  std::size_t matched = 0;         ///< tasks that match the filter
  std::vector<TaskGroup> entries;  ///< the largest first; full: the oldest first, each of one task
};

void take_dump(LoopBase& loop, const DumpOptions& options, std::function<void(Dump)> done);
/// Takes the whole dump at once, however long that takes.
Dump take_dump(const LoopBase& loop, const DumpOptions& options = {});

/// Merges the dumps of several loops.
Dump merge(std::vector<Dump> dumps, const DumpOptions& options);

namespace detail {
/// Takes a dump at once of the tasks for which `counts` returns true.
Dump take_dump_of(const LoopBase& loop, const std::function<bool(const TaskRecord&)>& counts);
}  // namespace detail

/// "3 of 7 tasks", and each entry as to_text(TaskGroup) has it.
std::string to_text(const Dump& dump);

}  // namespace leash
