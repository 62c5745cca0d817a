// SPDX-License-Identifier: BSL-1.0
// A worker waits for a value that will never be sent.
//
// Leaky: the handler has its answer and returns; the worker waits on a channel to which only the worker refers.
// Fixed: the worker receives under the scope's context, and the handler cancels and joins the scope.

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "server/patterns/pattern.hpp"

namespace server {
namespace {

leash::Task<> worker_leaky(leash::Channel<int> values, std::size_t payload) {
  const Payload held(payload);
  if (auto value = co_await values.receive()) held.read();
}

leash::Task<> worker_fixed(leash::Context ctx, leash::Channel<int> values, std::size_t payload) {
  const Payload held(payload);
  if (auto value = co_await values.receive(ctx)) held.read();
}

}  // namespace

leash::Task<leash::Result<Tally>> receive_leaky(Demo demo) {
  leash::Channel<int> values;
  leash::go(demo.ctx, worker_leaky(values, demo.payload), "worker");
  const leash::Result<> answered = co_await leash::sleep(demo.ctx, demo.latency);
  if (!answered) co_return std::unexpected(answered.error());
  co_return Tally{1, 0};
}

leash::Task<leash::Result<Tally>> receive_fixed(Demo demo) {
  leash::Channel<int> values;
  leash::Scope s(demo.ctx);
  s.go(worker_fixed(s.ctx(), values, demo.payload), "worker");
  const leash::Result<> answered = co_await leash::sleep(demo.ctx, demo.latency);
  s.cancel();
  const leash::Result<> joined = co_await s.join();
  if (!answered) co_return std::unexpected(answered.error());
  if (!joined) co_return std::unexpected(joined.error());
  co_return Tally{1, 1};
}

}  // namespace server
