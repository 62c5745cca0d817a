// SPDX-License-Identifier: BSL-1.0
// A worker fails while another task waits for the worker's value.
//
// Leaky: the worker returns without reporting the error, and the other task waits for its reply for ever.
// Fixed: the worker returns the error to its scope, which cancels the other task.

#include "leash/channel.hpp"
#include "leash/done.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "server/patterns/pattern.hpp"

namespace server {
namespace {

constexpr std::errc failure = std::errc::io_error;

leash::Task<leash::Result<int>> compute(leash::Context ctx, leash::Duration latency) {
  const leash::Result<> slept = co_await leash::sleep(ctx, latency);
  if (!slept) co_return std::unexpected(slept.error());
  co_return std::unexpected(std::make_error_code(failure));
}

leash::Task<> worker_leaky(leash::Context ctx, leash::Channel<int> replies, leash::Duration latency,
                           [[maybe_unused]] leash::DoneSource at_its_end) {
  const leash::Result<int> reply = co_await compute(ctx, latency);
  if (!reply) co_return;  // the error is dropped
  (void)co_await replies.send(*reply);
}

leash::Task<> peer_leaky(leash::Channel<int> replies, std::size_t payload) {
  const Payload held(payload);
  if (auto reply = co_await replies.receive()) held.read();
}

leash::Task<leash::Result<>> worker_fixed(leash::Context ctx, leash::Channel<int> replies,
                                          leash::Duration latency) {
  const leash::Result<int> reply = co_await compute(ctx, latency);
  if (!reply) co_return std::unexpected(reply.error());
  co_return co_await replies.send(ctx, *reply);
}

leash::Task<> peer_fixed(leash::Context ctx, leash::Channel<int> replies, std::size_t payload) {
  const Payload held(payload);
  if (auto reply = co_await replies.receive(ctx)) held.read();
}

}  // namespace

leash::Task<leash::Result<Tally>> error_leaky(Demo demo) {
  leash::Channel<int> replies;
  leash::DoneSource at_its_end;
  const leash::Done worked = at_its_end.done();
  leash::go(demo.ctx, peer_leaky(replies, demo.payload), "peer");
  leash::go(demo.ctx, worker_leaky(demo.ctx, replies, demo.latency, std::move(at_its_end)), "worker");
  const leash::Result<> ended = co_await worked.wait(demo.ctx);
  if (!ended) co_return std::unexpected(ended.error());
  co_return Tally{2, 1};
}

leash::Task<leash::Result<Tally>> error_fixed(Demo demo) {
  leash::Channel<int> replies;
  leash::Scope s(demo.ctx);
  s.go(peer_fixed(s.ctx(), replies, demo.payload), "peer");
  s.go(worker_fixed(s.ctx(), replies, demo.latency), "worker");
  const leash::Result<> joined = co_await s.join();
  if (joined.error() != failure) co_return std::unexpected(joined.error());
  co_return Tally{2, 2};
}

}  // namespace server
