// SPDX-License-Identifier: BSL-1.0
// A poller is started for a request and is never told to stop.
//
// Leaky: it loops on its ticker for ever.
// Fixed: it also watches a done channel, which the handler created and closes.

#include "leash/done.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/ticker.hpp"
#include "server/patterns/pattern.hpp"

namespace server {
namespace {

using namespace std::chrono_literals;
constexpr leash::Duration interval = 1s;

leash::Task<> poll_leaky(std::size_t payload) {
  const Payload held(payload);
  leash::Ticker ticker(interval);
  for (;;) {
    held.read();
    co_await ticker.next();
  }
}

leash::Task<> poll_fixed(leash::Context ctx, leash::Done done, std::size_t payload) {
  const Payload held(payload);
  leash::Ticker ticker(interval);
  for (;;) {
    held.read();
    const auto event = co_await leash::select(done.wait(), ctx.done(), ticker.next());
    if (event.index() != 2) co_return;
  }
}

}  // namespace

leash::Task<leash::Result<Tally>> poller_leaky(Demo demo) {
  leash::go(demo.ctx, poll_leaky(demo.payload), "poller");
  const leash::Result<> answered = co_await leash::sleep(demo.ctx, demo.latency);
  if (!answered) co_return std::unexpected(answered.error());
  co_return Tally{1, 0};
}

leash::Task<leash::Result<Tally>> poller_fixed(Demo demo) {
  leash::DoneSource stop;
  leash::Scope s(demo.ctx);
  s.go(poll_fixed(s.ctx(), stop.done(), demo.payload), "poller");
  const leash::Result<> answered = co_await leash::sleep(demo.ctx, demo.latency);
  stop.close();
  const leash::Result<> joined = co_await s.join();
  if (!answered) co_return std::unexpected(answered.error());
  if (!joined) co_return std::unexpected(joined.error());
  co_return Tally{1, 1};
}

}  // namespace server
