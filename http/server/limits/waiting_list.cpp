// SPDX-License-Identifier: BSL-1.0
#include "http/server/limits/waiting_list.hpp"

namespace http::server {

void WaitingList::Place::enter(leash::TimePoint now) noexcept {
  if (in_) return;
  in_ = true;
  since_ = now;
  previous_ = list_.last_;
  next_ = nullptr;
  (previous_ ? previous_->next_ : list_.first_) = this;
  list_.last_ = this;
  list_.publish();
}

void WaitingList::Place::leave() noexcept {
  if (!in_) return;
  in_ = false;
  (previous_ ? previous_->next_ : list_.first_) = next_;
  (next_ ? next_->previous_ : list_.last_) = previous_;
  list_.publish();
}

void WaitingList::publish() noexcept {
  since_.store(first_ ? first_->since_ : leash::TimePoint::max(), std::memory_order_relaxed);
}

}  // namespace http::server
