// SPDX-License-Identifier: BSL-1.0
#pragma once
// Sleeping, and the timer case of select.
//
// Guarantees     never wakes early; late by up to the loop's timer grid (default 500 us). A duration of zero or less
//                is ready at once.
// Threads        the loop's thread, inside a task.
// Misuse         an awaiter that is awaited outside of a task, or twice, ends the process with a message.
// Lifetime       the time counts from the co_await. A task that is destroyed takes its timer with it.
//
//   if (auto slept = co_await leash::sleep(ctx, 100ms); !slept) co_return;  // ctx is done
//   co_await leash::sleep(100ms);                                           // whatever happens
//   co_await leash::select(ch.receive(), leash::sleep(100ms));              // a timeout

#include "leash/context.hpp"
#include "leash/detail/timer_queue.hpp"
#include "leash/detail/waiting.hpp"

namespace leash {
namespace detail {

/// A timer. Until it is awaited it has only a duration, so that it needs no loop before.
class TimerCase : protected Timer {
 public:
  static constexpr WaitKind kind = WaitKind::sleep;
  explicit TimerCase(Duration after) noexcept : TimerCase(after, &TimerCase::fired) {}
  TimerCase(TimerCase&& other) noexcept : TimerCase(other.after_) {}
  bool try_now(TaskRecord&) const noexcept { return after_ <= Duration::zero(); }
  void arm(Selection& selection, int index);
  void disarm() noexcept;
  void result() const noexcept {}

 protected:
  TimerCase(Duration after, Fire on_fire) noexcept : Timer(on_fire), after_(after) {}
  void arm_at(Selection& selection, int index, TimePoint when);
  static void fired(Timer& timer) noexcept;
  Selection* selection_ = nullptr;
  int index_ = 0;

 private:
  Duration after_;
};

}  // namespace detail

inline auto sleep(Duration duration) { return detail::Await<detail::TimerCase>(duration); }
inline auto sleep(const Context& ctx, Duration duration) {
  return detail::AwaitUnder<detail::TimerCase>(ctx.node(), duration);
}

}  // namespace leash
