// SPDX-License-Identifier: BSL-1.0
#pragma once
// Waits until a number of things are done (Go: sync.WaitGroup).
//
// What it is     a counter: add before something starts, done when it has ended, wait until it is 0. Copies
//                are handles of the same counter.
// Requires       done as often as was added.
// Misuse         a counter that goes below 0 or overflows, and a handle that was moved from, end the process with a
//                message.
// Guarantees     at 0 every waiter goes on, also if more was added before it ran: it may find the counter above 0. Then
//                it can be used again. done() resumes no task inside the call. A task that waits keeps the counter alive.
//                Where the tasks are known, a Scope is better: it also cancels, and cannot be forgotten.
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

  /// Completes when the counter is 0, at once if it is. With a context: Result<>, its error if it is done
  /// before. Also a case of select.
  auto wait() const { return detail::Await<detail::WaitGroupCase>(detail::WaitGroupCase(state())); }
  auto wait(const Context& ctx) const {
    return detail::AwaitUnder<detail::WaitGroupCase>(ctx.node(), detail::WaitGroupCase(state()));
  }

 private:
  const detail::Handle<detail::WaitGroupState>& state() const noexcept {
    check(static_cast<bool>(state_), "WaitGroup used after it was moved from");
    return state_;
  }
  detail::Handle<detail::WaitGroupState> state_;
};

}  // namespace leash
