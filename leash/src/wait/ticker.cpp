// SPDX-License-Identifier: BSL-1.0
#include "leash/ticker.hpp"

#include "leash/error.hpp"

namespace leash {
namespace detail {

bool TickCase::try_now(TaskRecord& task) noexcept {
  return ticker_->waiting_.empty() && ticker_->take(now(task));
}

void TickCase::arm(Selection& selection, int index) {
  arm_at(selection, index, ticker_->next_);
  ticker_->waiting_.push_back(*this);
}

void TickCase::disarm() noexcept {
  unlink();
  TimerCase::disarm();
}

// Timers for the same time fire in no particular order. The tick goes to the task that has waited for the longest time.
void TickCase::fired(Timer& timer) noexcept {
  auto& self = static_cast<TickCase&>(timer);
  Ticker& ticker = *self.ticker_;
  auto& first = static_cast<TickCase&>(*ticker.waiting_.front());
  TaskRecord& task = *self.selection_->task;
  const bool tick = ticker.take(now(task));
  if (!tick || &first != &self) add_again(task, self, ticker.next_);
  if (tick) TimerCase::fired(first);
}

}  // namespace detail

// Ticks that were missed meanwhile are dropped.
bool Ticker::take(TimePoint now) noexcept {
  if (next_ > now) return false;
  const Duration whole = between(next_, now) / interval_ * interval_;
  next_ = later(later(next_, whole), interval_);
  return true;
}

Ticker::Ticker(Duration interval) : interval_(interval) {
  check(interval > Duration::zero(), "a Ticker was made with an interval of zero or less");
  check(detail::current.task != nullptr, "a Ticker was made outside of a task");
  next_ = later(detail::now(*detail::current.task), interval);
}

}  // namespace leash
