#include "leash/ticker.hpp"

#include "leash/check.hpp"

namespace leash {
namespace detail {

bool TickCase::try_now(TaskRecord& task) noexcept { return ticker_->take(now(task)); }

void TickCase::arm(Selection& selection, int index) { arm_at(selection, index, ticker_->next_); }

// Another task may have had this tick: then the next one is waited for.
void TickCase::fired(Timer& timer) noexcept {
  auto& self = static_cast<TickCase&>(timer);
  if (self.ticker_->take(now(*self.selection_->task))) {
    TimerCase::fired(timer);
  } else {
    self.arm(*self.selection_, self.index_);
  }
}

}  // namespace detail

// Ticks that passed meanwhile are dropped.
bool Ticker::take(TimePoint now) noexcept {
  if (next_ > now) return false;
  const Duration whole = (now - next_) / interval_ * interval_;
  next_ = later(next_ + whole, interval_);
  return true;
}

Ticker::Ticker(Duration interval) : interval_(interval) {
  check(interval > Duration::zero(), "Ticker with an interval that is not positive");
  check(detail::current.task != nullptr, "Ticker made outside of a task");
  next_ = later(detail::now(*detail::current.task), interval);
}

}  // namespace leash
