// SPDX-License-Identifier: BSL-1.0
#include "leash/sleep.hpp"

namespace leash::detail {

void TimerCase::arm(Selection& selection, int index) {
  arm_at(selection, index, later(now(*selection.task), after_));
}

void TimerCase::arm_at(Selection& selection, int index, TimePoint when) {
  selection_ = &selection;
  index_ = index;
  add_timer(*selection.task, *this, when);
}

void TimerCase::disarm() noexcept {
  if (selection_) remove_timer(*selection_->task, *this);
}

void TimerCase::fired(Timer& timer) noexcept {
  auto& self = static_cast<TimerCase&>(timer);
  self.selection_->choose(self.index_);
}

}  // namespace leash::detail
