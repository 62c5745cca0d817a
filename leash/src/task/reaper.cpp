// SPDX-License-Identifier: BSL-1.0
#include "leash/reaper.hpp"

#include "leash/detail/loop_state.hpp"

namespace leash {

Reaped reap(LoopBase& loop, const TaskFilter& filter) {
  detail::LoopState& state = loop.state();
  const TimePoint now = loop.now();
  const auto count = state.reap(
      [&](const detail::TaskRecord& task) { return detail::matches(filter, task, now); }, filter.limit);
  return {count.ended, count.waiting};
}

}  // namespace leash
