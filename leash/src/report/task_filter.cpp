#include "leash/task_filter.hpp"

#include "leash/detail/loop_state.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/pattern.hpp"

namespace leash {

std::optional<TaskState> parse_task_state(std::string_view text) noexcept {
  for (const TaskState state :
       {TaskState::owned, TaskState::detached, TaskState::orphan, TaskState::leaked}) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
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
  if (now - task.started < filter.min_age) return false;
  if (!filter.name.empty() && (!task.name || !contains(filter.name, task.name.get()))) return false;
  if (!filter.site.empty()) {
    const SiteMetrics& site = task.loop().metrics()->at(task.site);
    const std::string place = site.file + (":" + std::to_string(site.line));
    if (!contains(filter.site, place)) return false;
  }
  return true;
}

}  // namespace detail
}  // namespace leash
