// SPDX-License-Identifier: BSL-1.0
#pragma once
// Time as a loop sees it: the steady clock, or a clock that a test moves.
//
// What it is     Clock is the interface that Loop uses; ManualClock stands still until advance() is called.
// Requires       a ManualClock outlives the loops that use it.
// Guarantees     advance() makes due timers fire in the next turn of each loop, in the order of their times, and in the
//                order in which they were set for equal times. Instants may be negative, and sums saturate.
// Threads        a ManualClock belongs to the thread of its loops.
// Misuse         an advance by a negative amount, and a ManualClock that ends before a loop that uses it, end the process
//                with a message.
//
//   leash::ManualClock clock;
//   leash::Loop loop{io, {.clock = &clock}};
//   auto [ctx, cancel] = leash::with_timeout(loop.background(), 5s);
//   clock.advance(5s);
//   io.poll();  // ctx is done: deadline_exceeded

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace leash {

using Duration = std::chrono::steady_clock::duration;
using TimePoint = std::chrono::steady_clock::time_point;

/// The last instant that a timer can have; later ones are moved to it. TimePoint::max() means "never".
inline constexpr TimePoint last_instant = TimePoint::max() - Duration(1);

/// `time` plus a duration of any length and sign, without overflow: at most last_instant, at least
/// TimePoint::min().
constexpr TimePoint later(TimePoint time, Duration by) noexcept {
  Duration::rep sum = 0;
  if (__builtin_add_overflow(time.time_since_epoch().count(), by.count(), &sum))
    return by > Duration::zero() ? last_instant : TimePoint::min();
  return std::min(TimePoint(Duration(sum)), last_instant);
}

/// The duration from `begin` to `end`, without overflow; negative if `end` is earlier.
constexpr Duration between(TimePoint begin, TimePoint end) noexcept {
  Duration::rep difference = 0;
  if (__builtin_sub_overflow(end.time_since_epoch().count(), begin.time_since_epoch().count(), &difference))
    return end > begin ? Duration::max() : Duration::min();
  return Duration(difference);
}

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual TimePoint now() const noexcept = 0;

  /// Registers a function that is called when time was moved; an empty function removes it.
  virtual void on_move(const void* who, std::function<void()> tell) = 0;
};

class ManualClock final : public Clock {
 public:
  /// Starts at an arbitrary instant that is not zero.
  ManualClock();
  ~ManualClock() override;

  TimePoint now() const noexcept override { return now_; }
  void on_move(const void* who, std::function<void()> tell) override;

  /// Moves time forward, up to last_instant; a negative amount aborts. Timers fire in the loops' next turns, not
  /// inside the call.
  void advance(Duration amount);

 private:
  TimePoint now_;
  struct Listener {
    const void* who;
    std::function<void()> tell;
  };
  std::vector<Listener> listeners_;
};

}  // namespace leash
