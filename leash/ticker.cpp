#include "leash/ticker.hpp"

#include "leash/check.hpp"

namespace leash {
namespace detail {

bool TickCase::try_now(TaskRecord& task) const noexcept { return ticker_->next_ <= now(task); }

void TickCase::arm(Selection& selection, int index) { arm_at(selection, index, ticker_->next_); }

// The tick is taken; those that passed meanwhile are dropped.
void TickCase::result() noexcept {
  const TimePoint time = now(*current.task);
  const Duration whole = (time - ticker_->next_) / ticker_->interval_ * ticker_->interval_;
  ticker_->next_ = later(ticker_->next_ + whole, ticker_->interval_);
}

}  // namespace detail

Ticker::Ticker(Duration interval) : interval_(interval) {
  check(interval > Duration::zero(), "Ticker with an interval that is not positive");
  check(detail::current.task != nullptr, "Ticker made outside of a task");
  next_ = later(detail::now(*detail::current.task), interval);
}

}  // namespace leash
