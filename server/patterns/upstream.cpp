// SPDX-License-Identifier: BSL-1.0
// A call to an upstream that hangs, for a request that goes on without its answer.
//
// Leaky: the call knows neither the request's end nor its deadline: it waits, and keeps its socket, for as long
// as the upstream pleases. Fixed: it is made under the request's context, for no longer than the handler waits.

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
  (void)outcomes.try_send(outcome);  // there is room for it, whether or not it is received
}

// An upstream that is too slow is done without, unless the request has no time left either; one that fails is
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
  (void)co_await s.join();  // what the call had to say is in the outcome
  co_return conclude(demo, patient, outcome, 1);
}

const char* upstream_limit(const PatternState& state) {
  return state.upstream->is_full() ? "Leaked upstream calls hold as many sockets as this process can spare."
                                   : nullptr;
}

}  // namespace server
