// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/runs_for.hpp"

#include "leash/detail/awaited_task.hpp"
#include "leash/detail/loop_state.hpp"

namespace leash::detail {

RunsFor::RunsFor(std::uint64_t coroutine, const std::source_location& site)
    : coroutine_(coroutine), task_(current.task) {
  if (coroutine_ == 0) return;
  task_->loop().set_awaited_by(*task_, coroutine_);
  awaits_task(coroutine_, {task_->id, site, task_, &task_->loop()});
}

RunsFor::~RunsFor() {
  if (coroutine_ == 0) return;
  task_->loop().awaited_no_more(*task_);
  awaits_no_more(coroutine_, task_->id);
}

}  // namespace leash::detail
