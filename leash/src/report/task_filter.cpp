// SPDX-License-Identifier: BSL-1.0
#include "leash/task_filter.hpp"

#include "leash/detail/loop_state.hpp"
#include "leash/detail/pattern.hpp"
#include "leash/detail/task_record.hpp"

namespace leash {

std::optional<TaskState> parse_task_state(std::string_view text) noexcept {
  for (const TaskState state :
       {TaskState::owned, TaskState::detached, TaskState::orphan, TaskState::leaked}) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
}

bool TaskFilter::admits(std::string_view place, std::string_view called) const noexcept {
  return detail::contains(site, place) && detail::contains(name, called);
}

namespace detail {

TaskState state_of(const TaskRecord& task) noexcept {
  if (task.leaked) return TaskState::leaked;
  if (task.orphan) return TaskState::orphan;
  return task.detached ? TaskState::detached : TaskState::owned;
}

bool matches(const TaskFilter& filter, const TaskRecord& task, TimePoint now) {
  if (filter.state) {
    const TaskState state = state_of(task);
    const bool counts = state == *filter.state || (filter.state == TaskState::orphan && task.orphan);
    if (!counts) return false;
  }
  if (between(task.started, now) < filter.min_age) return false;
  if (filter.name.empty() && filter.site.empty()) return true;
  const Place at = task.loop().place_of(task);
  return filter.admits(at.file + (":" + std::to_string(at.line)), task.name());
}

}  // namespace detail
}  // namespace leash
