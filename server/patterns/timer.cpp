// SPDX-License-Identifier: BSL-1.0
// A deadline that is not canceled when the work is done: the rule "always defer cancel" is broken.
//
// Leaky: the context is a child of the server's context, so the end of the request does not end it, and its Cancel is
// parked instead of called. No task leaks, but a context with its values and an armed deadline do, for an hour.
// Fixed: the context is a child of the request's, and its Cancel ends with the block.

#include "leash/sleep.hpp"
#include "server/patterns/pattern.hpp"

namespace server {

using namespace std::chrono_literals;

leash::Task<leash::Result<Tally>> timer_leaky(Demo demo) {
  auto [ctx, cancel] = leash::with_timeout(demo.server, 1h);
  const leash::Context carrying = leash::with_value<Carried>(ctx, Payload(demo.payload));
  demo.state->parked.push_back({carrying, std::move(cancel)});
  const leash::Result<> answered = co_await leash::sleep(demo.ctx, demo.latency);
  carrying.value<Carried>()->read();
  if (!answered) co_return std::unexpected(answered.error());
  co_return Tally{};
}

leash::Task<leash::Result<Tally>> timer_fixed(Demo demo) {
  auto [ctx, cancel] = leash::with_timeout(demo.ctx, 1h);
  const leash::Context carrying = leash::with_value<Carried>(ctx, Payload(demo.payload));
  const leash::Result<> answered = co_await leash::sleep(carrying, demo.latency);
  carrying.value<Carried>()->read();
  if (!answered) co_return std::unexpected(answered.error());
  co_return Tally{};
}

}  // namespace server
