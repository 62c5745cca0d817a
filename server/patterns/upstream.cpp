// SPDX-License-Identifier: BSL-1.0
// A call to a hung upstream, from a request that goes on without the answer.
//
// Leaky: the call has neither the request's context nor its deadline, so it waits, and keeps its socket, until the
// upstream answers. Fixed: the call carries the request's context, and a deadline after which the handler goes on.

#include "server/patterns/upstream_client.hpp"

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "server/patterns/pattern.hpp"

namespace server {
namespace {

using Outcome = leash::Result<>;

leash::Task<> call(leash::Context ctx, std::shared_ptr<Upstream> upstream, leash::Duration latency,
                   leash::Channel<Outcome> outcomes, std::size_t payload) {
  const Payload held(payload);
  const Outcome outcome = co_await Upstream::ask(upstream, ctx, latency);
  held.read();
  (void)outcomes.try_send(outcome);  // the channel has room, whether or not the outcome is received
}

// If the upstream is too slow, the request goes on without it, unless its own deadline has passed; any other failure is
// an error.
leash::Result<Tally> conclude(const Demo& demo, const leash::Context& patient,
                              const leash::Result<Outcome>& outcome, int joined) {
  if (demo.ctx.is_done()) return std::unexpected(demo.ctx.err());
  if (outcome && !*outcome) {
    const bool too_slow = outcome->error() == leash::errc::deadline_exceeded;
    if (!too_slow || patient.deadline() == demo.ctx.deadline()) return std::unexpected(outcome->error());
  }
  return Tally{1, joined};
}

}  // namespace

leash::Task<leash::Result<Tally>> upstream_leaky(Demo demo) {
  const leash::Channel<Outcome> outcomes(1);
  auto [patient, cancel] = leash::with_timeout(demo.ctx, demo.state->upstream->patience(demo.latency));
  leash::go(demo.ctx,
            call(without_cancel(demo.ctx), demo.state->upstream, demo.latency, outcomes, demo.payload),
            "call");
  const leash::Result<Outcome> outcome = co_await outcomes.receive(patient);
  co_return conclude(demo, patient, outcome, outcome ? 1 : 0);
}

leash::Task<leash::Result<Tally>> upstream_fixed(Demo demo) {
  const leash::Channel<Outcome> outcomes(1);
  auto [patient, cancel] = leash::with_timeout(demo.ctx, demo.state->upstream->patience(demo.latency));
  leash::Scope s(patient);
  s.go(call(s.ctx(), demo.state->upstream, demo.latency, outcomes, demo.payload), "call");
  const leash::Result<Outcome> outcome = co_await outcomes.receive(s.ctx());
  s.cancel();
  (void)co_await s.join();  // the outcome has the call's error
  co_return conclude(demo, patient, outcome, 1);
}

const char* upstream_limit(const PatternState& state) {
  return state.upstream->is_full()
             ? "Leaked upstream calls hold all the sockets that are reserved for upstream calls."
             : nullptr;
}

}  // namespace server
