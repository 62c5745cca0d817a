// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/pacer.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>

#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

constexpr leash::Duration together = 500us;
constexpr std::uint64_t most_together = 16;

// A sleep may end this much too late. With `spin`, this part of it is spent polling.
constexpr leash::Duration polled = 100us;

// Longer than the time between requests that are sent together: other work of the thread waits no longer.
constexpr leash::Duration longest_sleep = 1ms;

}  // namespace

Pacer::Pacer(leash::Loop& loop, const Plan& plan, Sleep sleep) noexcept
    : loop_(loop),
      sleep_(sleep),
      spin_(plan.spin),
      may_sleep_(plan.alone && !plan.spin),
      most_(std::min(most_together, plan.connections)) {}

bool Pacer::joins(leash::TimePoint at) noexcept {
  if (at > until_ || sent_ == most_) return false;
  ++sent_;
  return true;
}

leash::Task<leash::Result<>> Pacer::wait(leash::Context sending, leash::TimePoint at, bool may_read_late) {
  bool is_time = false;
  if (may_read_late && may_sleep_ && sent_ > 1 && at - loop_.now() <= longest_sleep) {
    co_await sleep_until(sending, at);
    is_time = at - loop_.now() <= polled;  // like those that are due soon after others, it may leave early
  }
  if (!is_time) {
    const leash::Duration early = spin_ ? polled : leash::Duration::zero();
    const auto slept = co_await leash::sleep(sending, at - early - loop_.now());
    if (!slept) co_return slept;
  }
  if (spin_) {
    co_await poll_until(sending, at);
    if (const auto done = sending.err()) co_return std::unexpected(done);
  } else {
    until_ = loop_.now() + together;
  }
  sent_ = 1;
  co_return leash::Result<>();
}

// The thread wakes up so early that it can read the responses before the next requests are due.
leash::Task<> Pacer::sleep_until(leash::Context sending, leash::TimePoint at) {
  co_await asio::post(loop_.io(), leash::via(sending));  // connections send the requests that they were given
  sleep_(at - reading_ - loop_.now());
  const leash::TimePoint woken = loop_.now();
  co_await asio::post(loop_.io(), leash::via(sending));  // Asio looks for responses
  co_await asio::post(loop_.io(), leash::via(sending));  // and connections take them
  reading_ = std::min(loop_.now() - woken, polled);
}

void Pacer::sleep_in_kernel(leash::Duration time) noexcept {
  if (time <= leash::Duration::zero()) return;
  (void)::prctl(PR_SET_TIMERSLACK, 1UL);  // otherwise it sleeps some 50 µs too long
  const timespec sleep{0, time.count()};
  (void)::clock_nanosleep(CLOCK_MONOTONIC, 0, &sleep, nullptr);  // a signal ends it early
}

// Each turn of the loop also looks for responses.
leash::Task<> Pacer::poll_until(leash::Context sending, leash::TimePoint at) {
  while (loop_.now() < at && !sending.is_done()) co_await asio::post(loop_.io(), leash::via(sending));
}

}  // namespace loadgen
