// SPDX-License-Identifier: BSL-1.0
#pragma once
// The runs of one scenario, each on a loop of its own, and each canceled one step later than the one before. Internal:
// leash/every_step.hpp is what users see.

#include <functional>
#include <source_location>
#include <string>

#include "leash/context.hpp"
#include "leash/loop_base.hpp"
#include "leash/task.hpp"

namespace leash::detail {

class StepRuns {
 public:
  explicit StepRuns(std::source_location where) noexcept : where_(where) {}
  // False after the last one.
  bool run(LoopBase& loop, const std::function<Task<>(Context)>& scenario);
  int steps() const noexcept { return steps_; }

 private:
  void fail(const std::string& text) const;

  std::source_location where_;
  int steps_ = 0;  // until the context is canceled
};

}  // namespace leash::detail
