#include "leash/reaper.hpp"

#include "leash/detail/loop_state.hpp"

namespace leash {

Reaped reap(Loop& loop, const TaskFilter& filter) {
  detail::LoopState& state = loop.state();
  const std::size_t live_before = live_tasks(loop);
  const TimePoint now = loop.now();
  const std::size_t waiting = state.reap(
      [&](const detail::TaskRecord& task) { return detail::matches(filter, task, now); }, filter.limit);
  return {live_before - live_tasks(loop), waiting};
}

}  // namespace leash
