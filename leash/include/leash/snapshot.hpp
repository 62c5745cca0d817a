// SPDX-License-Identifier: BSL-1.0
#pragma once
// A copy of a loop's live tasks and where they wait.
//
// What it is     copies what a loop knows about its tasks: each with its owner, its wait point and its chain of awaits.
//                Plain data, which may be kept, sent to another thread, or written as text.
// Guarantees     a snapshot shows one moment. It takes O(tasks) time in one turn; leash/dump.hpp works in slices.
// Threads        taken on the loop's thread (post there); the result is plain data.
// Lifetime       the result refers to nothing and may outlive tasks and loop.
//
//   const std::vector<leash::TaskInfo> tasks = leash::snapshot(loop);
//   for (const leash::TaskGroup& group : leash::group(tasks)) {
//     std::cout << leash::to_text(group);
//   }

#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "leash/clock.hpp"
#include "leash/detail/report_text.hpp"
#include "leash/loop_base.hpp"
#include "leash/metrics.hpp"
#include "leash/task_filter.hpp"
#include "leash/wait_point.hpp"

namespace leash {

struct Frame {
  std::string function;
  std::string file;  ///< relative to the source root
  std::uint32_t line = 0;
  friend bool operator==(const Frame&, const Frame&) = default;
};

struct TaskInfo {
  std::uint64_t id = 0;
  std::string name;  ///< may be empty
  std::string loop;  ///< the loop's name
  Frame site;        ///< where it was started, and by which function
  Role role = Role::system;
  TaskState state = TaskState::owned;
  std::string owner;                       ///< the nearest label, such as "request 918"; may be empty
  std::optional<Duration> owner_done_for;  ///< since the owner ended
  std::string owner_cause;                 ///< why it ended
  std::string trace;                       ///< the ID of the owner's leash::Trace; may be empty
  WaitKind wait = WaitKind::none;          ///< of the innermost frame
  bool uncancellable = false;              ///< waits on an operation that has no cancellation path
  bool stranded = false;  ///< nothing can ever wake it, when that was last looked for (leash/stranded.hpp)
  bool running = false;   ///< its loop runs it at this moment
  Duration waits_for{};
  Duration age{};
  std::size_t frame_bytes = 0;
  std::optional<std::size_t> heap_bytes{};  ///< charged to it; none without leash::heap
  /// From the innermost outwards, including those of a tracked coroutine that it awaits: at most max_frames, half of them
  /// the innermost and half the outermost; `frames_left_out` counts those between.
  std::vector<Frame> frames;
  std::size_t frames_left_out = 0;
  static constexpr std::size_t max_frames = 100;
  std::uint64_t awaited_by =
      0;  ///< the coroutine (leash/coroutines.hpp) that awaits it; 0: none that is tracked
};

/// The tasks of the loop, oldest first. O(tasks) in one turn; leash/dump.hpp works in slices.
std::vector<TaskInfo> snapshot(const LoopBase& loop, const TaskFilter& filter = {});

/// Tasks of the same site that are in the same state and wait in the same chain of awaits.
struct TaskGroup {
  std::size_t count = 0;
  std::size_t frame_bytes = 0;
  TaskInfo oldest;     ///< the example
  Duration waiting{};  ///< sum of their waits, each since it began
  std::optional<std::size_t> heap_bytes{};

  /// The text that identifies the group: equal in every process of the same build.
  std::string key() const;
};
/// The largest group first.
std::vector<TaskGroup> group(const std::vector<TaskInfo>& tasks);

/// One entry in the style of a goroutine dump; ends with a newline. Names, labels, functions and causes are escaped, so
/// they cannot be taken for another entry and cannot control a terminal.
std::string to_text(const TaskInfo& task);
/// The entry of the oldest task, after a line with the number of tasks in the group.
std::string to_text(const TaskGroup& group);

namespace detail {

/// The places of a task's awaits, bounded like TaskInfo::frames, and the duration of the innermost wait.
struct Awaits {
  std::vector<std::source_location> places;
  std::size_t left_out = 0;
  WaitKind wait = WaitKind::none;
  std::optional<Duration> waits_for;  ///< empty: since the task started
  void take(const TaskRecord& task);
};

TaskInfo describe(const TaskRecord& task, TimePoint now);
Duration waits_for(const TaskRecord& task, TimePoint now) noexcept;  ///< never longer than its age
void add_up(Duration& sum, Duration more) noexcept;                  ///< without overflow
void add_up(std::optional<std::size_t>& sum, std::optional<std::size_t> more) noexcept;
std::optional<std::size_t> heap_bytes_of(const TaskRecord& task) noexcept;
void add_up(TaskGroup& group, TaskGroup more);
std::string wait_text(const TaskInfo& task);  ///< "[chan receive, 3.2s]"

}  // namespace detail

}  // namespace leash
