// SPDX-License-Identifier: BSL-1.0
#pragma once
// When the requests of an open loop are sent.
//
// What it is     a wake-up costs more than a request. So requests that are due within 500 µs of each other are sent
//                together, at most 16, and at most one per connection, because the server queues them. A request that
//                is due later than that after the one before it is sent at its own time. With `spin` each one is.
//                Between requests that are sent together the thread sleeps in the kernel, at most 1 ms, if responses may
//                be read late. So it does not wake up for each of them. It reads them before it sends the next ones.
// Threads        the loop's.
// Lifetime       outlives its waits.
//
//   loadgen::Pacer pacer(loop, plan);
//   if (!pacer.joins(at)) {
//     if (auto waited = co_await pacer.wait(sending.ctx, at, may_read_late); !waited) co_return;
//   }
//   send();

#include <cstdint>

#include "leash/clock.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"
#include "loadgen/plan.hpp"

namespace loadgen {

class Pacer {
 public:
  using Sleep = void (*)(leash::Duration);

  Pacer(leash::Loop& loop, const Plan& plan, Sleep sleep = sleep_in_kernel) noexcept;

  // Whether the next request, due then, is sent together with those before it; otherwise it must wait.
  bool joins(leash::TimePoint at) noexcept;

  // Waits until then, or until `sending` is done, which is an error.
  leash::Task<leash::Result<>> wait(leash::Context sending, leash::TimePoint at, bool may_read_late);

 private:
  static void sleep_in_kernel(leash::Duration time) noexcept;
  leash::Task<> sleep_until(leash::Context sending, leash::TimePoint at);
  leash::Task<> poll_until(leash::Context sending, leash::TimePoint at);

  leash::Loop& loop_;
  const Sleep sleep_;
  const bool spin_;
  const bool may_sleep_;
  const std::uint64_t most_;
  std::uint64_t sent_ = 0;  // together
  leash::TimePoint until_ = leash::TimePoint::min();
  leash::Duration reading_{};  // how long the last reading of responses took
};

}  // namespace loadgen
