// SPDX-License-Identifier: BSL-1.0
#pragma once
// Ticks at a fixed interval (Go: time.Ticker).
//
// Guarantees     ticks stay on the grid start + n * interval. If the task is slow, or takes other cases of a select for a
//                while, one missed tick is kept and the others are dropped. It has a timer only while a task waits for
//                it, so there is nothing to stop. Tasks that share a ticker share its ticks: each tick goes to the task
//                that has waited longest.
// Threads        the loop's thread, inside a task.
// Misuse         an interval that is not positive, and a Ticker made outside of a task, end the process with a message.
// Lifetime       the ticker outlives its awaiters.
//
//   leash::Ticker ticker(100ms);
//   while (co_await ticker.next(ctx)) poll();  // ends when ctx is done

#include "leash/detail/list.hpp"
#include "leash/sleep.hpp"

namespace leash {

class Ticker;

namespace detail {

class TickCase : public TimerCase, private Hook<TickCase> {
 public:
  explicit TickCase(Ticker& ticker) noexcept
      : TimerCase(Duration::zero(), &TickCase::fired), ticker_(&ticker) {}
  TickCase(TickCase&& other) noexcept : TickCase(*other.ticker_) {}
  bool try_now(TaskRecord& task) noexcept;
  void arm(Selection& selection, int index);
  void disarm() noexcept;

 private:
  friend class List<TickCase>;
  static void fired(Timer& timer) noexcept;
  Ticker* ticker_;
};

}  // namespace detail

class Ticker {
 public:
  /// The first tick comes one interval after the construction. An interval of zero or less aborts.
  explicit Ticker(Duration interval);

  /// Completes at the next tick; at once if one was missed. Also a case of select. With a context: Result<>.
  auto next() { return detail::Await<detail::TickCase>(*this); }
  auto next(const Context& ctx) { return detail::AwaitUnder<detail::TickCase>(ctx.node(), *this); }

 private:
  friend class detail::TickCase;
  bool take(TimePoint now) noexcept;  ///< a tick, if one is due

  Duration interval_;
  detail::List<detail::TickCase> waiting_;  ///< the first of them has come first
  TimePoint next_;                          ///< the first tick that was not taken
};

}  // namespace leash
