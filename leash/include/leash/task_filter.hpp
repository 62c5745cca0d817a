// SPDX-License-Identifier: BSL-1.0
#pragma once
// Selects tasks by state, site, name and age.
//
// Guarantees     an empty filter selects all tasks; a task must meet every condition that is set. A text that contains *
//                (any characters) or ? (one character) is a pattern for the whole text; any other text may match a part.
// Threads        a plain value.
//
//   leash::TaskFilter filter;
//   filter.state = leash::TaskState::leaked;
//   filter.site = "server/patterns/send.cpp";
//   for (const leash::TaskInfo& task : leash::snapshot(loop, filter)) std::cout << leash::to_text(task);

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "leash/clock.hpp"

namespace leash {

enum class TaskState : std::uint8_t {
  owned,     ///< its owner is not done
  detached,  ///< its owner can never be done
  orphan,    ///< alive although its owner is done
  leaked,    ///< an orphan older than the grace
};
constexpr std::string_view to_string(TaskState state) noexcept {
  switch (state) {
    case TaskState::owned:
      return "owned";
    case TaskState::detached:
      return "detached";
    case TaskState::orphan:
      return "orphan";
    case TaskState::leaked:
      return "leaked";
  }
  return "unknown";
}
std::optional<TaskState> parse_task_state(std::string_view text) noexcept;

struct TaskFilter {
  std::optional<TaskState> state = {};  ///< orphan includes leaked
  /// Part of the "path:line" that started the task, and part of its name; or patterns.
  std::string site = {};
  std::string name = {};
  Duration min_age{};            ///< started at least this long ago
  std::size_t limit = SIZE_MAX;  ///< at most this many

  /// Whether a task with this place ("path:line") and name meets `site` and `name`.
  bool admits(std::string_view place, std::string_view called) const noexcept;
};

namespace detail {
struct TaskRecord;
TaskState state_of(const TaskRecord& task) noexcept;
/// Checks all conditions except the limit.
bool matches(const TaskFilter& filter, const TaskRecord& task, TimePoint now);
}  // namespace detail

}  // namespace leash
