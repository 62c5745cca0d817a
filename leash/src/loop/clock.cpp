// SPDX-License-Identifier: BSL-1.0
#include "leash/clock.hpp"

#include <utility>

#include "leash/error.hpp"

namespace leash {

ManualClock::ManualClock() : now_(std::chrono::hours(1)) {}

ManualClock::~ManualClock() { check(listeners_.empty(), "ManualClock destroyed before a loop that uses it"); }

void ManualClock::on_move(const void* who, std::function<void()> tell) {
  std::erase_if(listeners_, [who](const Listener& listener) { return listener.who == who; });
  if (tell) listeners_.push_back({who, std::move(tell)});
}

void ManualClock::advance(Duration amount) {
  check(amount >= Duration::zero(), "ManualClock advanced by a negative amount");
  now_ = later(now_, amount);
  for (const Listener& listener : listeners_) listener.tell();
}

}  // namespace leash
