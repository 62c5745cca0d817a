// SPDX-License-Identifier: BSL-1.0
#pragma once
// Waits until a number of things are done (Go: sync.WaitGroup).
//
// What it is     a counter: add before work starts, done when it has ended, wait until the counter is 0. Copies are
//                handles of the same counter.
// Requires       as many calls of done as were added.
// Misuse         a counter below 0, an overflow, and using a moved-from handle end the process with a message.
// Guarantees     at 0 every waiter resumes, even if more is added before it runs, so it may find the counter above 0. The
//                counter can be used again. done() resumes no task inside the call. A waiting task keeps the counter
//                alive. If the tasks are known, a Scope is better: it also cancels, and its join cannot be skipped.
// Threads        the loop's thread.
// Lifetime       shared by its handles and waiters; handles may outlive the loop.
//
//   leash::WaitGroup group;
//   group.add(2);
//   leash::go(ctx, work(group));  // calls group.done() when it has ended, whatever happens
//   leash::go(ctx, work(group));
//   auto waited = co_await group.wait(ctx);

#include <cstdint>

#include "leash/context.hpp"
#include "leash/detail/handle.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash {
namespace detail {

struct WaitGroupState {
  void retain() noexcept { ++refs; }
  void release() noexcept {
    if (--refs == 0) delete this;
  }
  bool ready() const noexcept { return count == 0; }
  void add(std::int64_t n) noexcept;
  std::uint32_t refs = 0;
  std::int64_t count = 0;
  List<Dependent> waiters;
};

using WaitGroupCase = StateCase<WaitGroupState, WaitKind::wait_group>;

}  // namespace detail

class WaitGroup {
 public:
  WaitGroup() : state_(new detail::WaitGroupState) {}

  void add(std::int64_t n = 1) const noexcept { state()->add(n); }
  void done() const noexcept { state()->add(-1); }
  std::int64_t count() const noexcept { return state()->count; }

  /// Completes when the counter is 0, at once if it is 0 already. With a context: Result<>, the context's error if the
  /// context is done before. Also a case of select.
  auto wait() const { return detail::Await<detail::WaitGroupCase>(state()); }
  auto wait(const Context& ctx) const {
    return detail::AwaitUnder<detail::WaitGroupCase>(ctx.node(), state());
  }

 private:
  const detail::Handle<detail::WaitGroupState>& state() const noexcept {
    check(static_cast<bool>(state_), "WaitGroup used after it was moved from");
    return state_;
  }
  detail::Handle<detail::WaitGroupState> state_;
};

}  // namespace leash
