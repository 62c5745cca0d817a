// SPDX-License-Identifier: BSL-1.0
#pragma once
// What is alive in a loop, as a report.
//
// What it is     the tasks that meet a filter, grouped: one entry for all of the same site that are in
//                the same state and wait in the same chain of awaits, with their number, the oldest of them as
//                the example, and the bytes of their frames.
// Guarantees     taken in slices, each in a handler of its own: none takes much longer than options.slice, the ones that
//                sort the entries included (the clock is read every few dozen tasks or entries). Each task is shown as
//                it is at one moment; tasks that start after the call are not shown. `done` is called once, always
//                later, never inside the call. A loop is never stopped for the dump of another. An entry is bounded:
//                TaskInfo::max_frames.
// Threads        called on the loop's thread (post there), and so is `done`; a Dump is plain data.
// Lifetime       a dump that is not complete when the loop, or its io_context, ends is dropped, and `done` with it.
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
#include "leash/loop.hpp"
#include "leash/snapshot.hpp"
#include "leash/task_filter.hpp"

namespace leash {

struct DumpOptions {
  TaskFilter filter = {};                         ///< its limit is for the entries that are shown
  bool full = false;                              ///< one entry for each task
  Duration slice = std::chrono::milliseconds(1);  ///< of the steady clock, for each turn
};

struct Dump {
  std::size_t live = 0;            ///< tasks of the loop, whether they meet the filter or not
  std::size_t matched = 0;         ///< those that do
  std::vector<TaskGroup> entries;  ///< the largest first; full: the oldest first, each of one task
};

void take_dump(Loop& loop, const DumpOptions& options, std::function<void(Dump)> done);
/// In one go, however long it takes.
Dump take_dump(const Loop& loop, const DumpOptions& options = {});

/// One dump of several loops.
Dump merge(std::vector<Dump> dumps, const DumpOptions& options);

namespace detail {
/// In one go, of the tasks that `counts` is true of.
Dump take_dump_of(const Loop& loop, const std::function<bool(const TaskRecord&)>& counts);
}  // namespace detail

/// "3 of 7 tasks", and each entry as to_text(TaskGroup) has it.
std::string to_text(const Dump& dump);

}  // namespace leash
