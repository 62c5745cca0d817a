// SPDX-License-Identifier: BSL-1.0
// The first of several replicas wins; the answers of the others are never received.
//
// Leaky: the channel is unbuffered and received from once, so all replicas but one block in send for ever.
// Fixed: they send under the scope's context; after the first answer the handler cancels and joins the rest.

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "server/patterns/pattern.hpp"

namespace server {
namespace {

leash::Task<> replica_leaky(leash::Channel<std::uint64_t> answers, leash::Duration latency,
                            std::size_t payload) {
  const Payload held(payload);
  co_await leash::sleep(latency);
  (void)co_await answers.send(held.read());
}

leash::Task<> replica_fixed(leash::Context ctx, leash::Channel<std::uint64_t> answers,
                            leash::Duration latency, std::size_t payload) {
  const Payload held(payload);
  const leash::Result<> computed = co_await leash::sleep(ctx, latency);
  if (!computed) co_return;
  (void)co_await answers.send(ctx, held.read());
}

}  // namespace

leash::Task<leash::Result<Tally>> send_leaky(Demo demo) {
  leash::Channel<std::uint64_t> answers;
  for (int i = 0; i < demo.fanout; ++i) {
    leash::go(demo.ctx, replica_leaky(answers, demo.latency, demo.payload),
              "replica " + std::to_string(i + 1));
  }
  const leash::Result<std::uint64_t> first = co_await answers.receive(demo.ctx);
  if (!first) co_return std::unexpected(first.error());
  co_return Tally{demo.fanout, 1};
}

leash::Task<leash::Result<Tally>> send_fixed(Demo demo) {
  leash::Channel<std::uint64_t> answers;
  leash::Scope s(demo.ctx);
  for (int i = 0; i < demo.fanout; ++i) {
    s.go(replica_fixed(s.ctx(), answers, demo.latency, demo.payload), "replica " + std::to_string(i + 1));
  }
  // It receives under the scope's context too, so that a replica's failure ends the wait.
  const leash::Result<std::uint64_t> first = co_await answers.receive(s.ctx());
  s.cancel();
  const leash::Result<> joined = co_await s.join();
  if (!joined) co_return std::unexpected(joined.error());
  if (!first) co_return std::unexpected(first.error());
  co_return Tally{demo.fanout, demo.fanout};
}

}  // namespace server
