// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/pacer.hpp"

#include <algorithm>
#include <asio/post.hpp>

#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

constexpr leash::Duration together = 500us;
constexpr std::uint64_t most_together = 16;

// A sleep may end this much too late. With `spin`, this part of it is spent polling.
constexpr leash::Duration polled = 100us;

}  // namespace

Pacer::Pacer(leash::Loop& loop, const Plan& plan) noexcept
    : loop_(loop), spin_(plan.spin), most_(std::min(most_together, plan.connections)) {}

bool Pacer::joins(leash::TimePoint at) noexcept {
  if (at > until_ || sent_ == most_) return false;
  ++sent_;
  return true;
}

leash::Task<leash::Result<>> Pacer::wait(leash::Context sending, leash::TimePoint at) {
  const leash::Duration early = spin_ ? polled : leash::Duration::zero();
  const auto slept = co_await leash::sleep(sending, at - early - loop_.now());
  if (!slept) co_return slept;
  if (spin_) {
    co_await poll_until(sending, at);
    if (const auto done = sending.err()) co_return std::unexpected(done);
  } else {
    until_ = loop_.now() + together;
  }
  sent_ = 1;
  co_return leash::Result<>();
}

// Each turn of the loop also looks for responses.
leash::Task<> Pacer::poll_until(leash::Context sending, leash::TimePoint at) {
  while (loop_.now() < at && !sending.is_done()) co_await asio::post(loop_.io(), leash::via(sending));
}

}  // namespace loadgen
