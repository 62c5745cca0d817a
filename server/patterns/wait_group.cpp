// SPDX-License-Identifier: BSL-1.0
// The done() of a wait group is skipped by an early return.
//
// Leaky: the work has nothing to do and returns early; the task that waits for it waits for ever.
// Fixed: a guard calls done() on every path.

#include "leash/wait_group.hpp"
#include "leash/go.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "server/patterns/pattern.hpp"

namespace server {
namespace {

using namespace std::chrono_literals;

class DoneGuard {
 public:
  explicit DoneGuard(leash::WaitGroup group) noexcept : group_(std::move(group)) {}
  DoneGuard(const DoneGuard&) = delete;
  DoneGuard& operator=(const DoneGuard&) = delete;
  ~DoneGuard() { group_.done(); }

 private:
  leash::WaitGroup group_;
};

// How many items there are: always none.
leash::Task<leash::Result<int>> look_up(leash::Context ctx, leash::Duration latency) {
  const leash::Result<> slept = co_await leash::sleep(ctx, latency);
  if (!slept) co_return std::unexpected(slept.error());
  co_return 0;
}

leash::Task<> work_leaky(leash::Context ctx, leash::WaitGroup group, leash::Duration latency) {
  const leash::Result<int> items = co_await look_up(ctx, latency);
  if (!items || *items == 0) co_return;  // skips done()
  (void)co_await leash::sleep(ctx, *items * 1ms);
  group.done();
}

leash::Task<> waiter_leaky(leash::WaitGroup group, std::size_t payload) {
  const Payload held(payload);
  co_await group.wait();
  held.read();
}

leash::Task<> work_fixed(leash::Context ctx, leash::WaitGroup group, leash::Duration latency) {
  const DoneGuard guard(group);
  const leash::Result<int> items = co_await look_up(ctx, latency);
  if (!items || *items == 0) co_return;
  (void)co_await leash::sleep(ctx, *items * 1ms);
}

leash::Task<> waiter_fixed(leash::Context ctx, leash::WaitGroup group, std::size_t payload) {
  const Payload held(payload);
  const leash::Result<> waited = co_await group.wait(ctx);
  if (waited) held.read();
}

}  // namespace

leash::Task<leash::Result<Tally>> wait_group_leaky(Demo demo) {
  leash::WaitGroup group;
  group.add();
  leash::go(demo.ctx, waiter_leaky(group, demo.payload), "waiter");
  co_await work_leaky(demo.ctx, group, demo.latency);
  if (demo.ctx.is_done()) co_return std::unexpected(demo.ctx.err());
  co_return Tally{1, 0};
}

leash::Task<leash::Result<Tally>> wait_group_fixed(Demo demo) {
  leash::WaitGroup group;
  group.add();
  leash::Scope s(demo.ctx);
  s.go(waiter_fixed(s.ctx(), group, demo.payload), "waiter");
  co_await work_fixed(demo.ctx, group, demo.latency);
  const leash::Result<> joined = co_await s.join();
  if (!joined) co_return std::unexpected(joined.error());
  co_return Tally{1, 1};
}

}  // namespace server
