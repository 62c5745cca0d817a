// SPDX-License-Identifier: BSL-1.0
#pragma once
// The done channel: a signal without data that only its creator can give.
//
// What it is     DoneSource is kept by the caller; it closes explicitly or when it is destroyed. A Done, which tasks get
//                from it, can only be waited for.
// Guarantees     every waiter, present and future, sees the close; waiters resume in the order in which they came.
//                Closing twice has no effect. close() resumes no task inside the call.
// Threads        the loop's thread.
// Misuse         using a moved-from object ends the process with a message.
// Lifetime       a Done may outlive its source, whose destruction closes it, and the loop.
//
//   leash::DoneSource source;
//   leash::go(ctx, poll(source.done()));
//   // in poll:  auto r = co_await leash::select(done.wait(), ticker.next());
//   //           if (r.index() == 0) co_return;
//   source.close();

#include <utility>

#include "leash/context.hpp"
#include "leash/detail/frame_pool.hpp"
#include "leash/detail/handle.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash {
namespace detail {

struct DoneState : InFramePool {
  void retain() noexcept { ++refs; }
  void release() noexcept {
    if (--refs == 0) delete this;
  }
  bool ready() const noexcept { return closed; }
  void close() noexcept;
  std::uint32_t refs = 0;
  bool closed = false;
  List<Dependent> waiters;
};

using DoneCase = StateCase<DoneState, WaitKind::chan_receive>;

}  // namespace detail

class Done {
 public:
  bool closed() const noexcept { return state()->closed; }
  /// Completes when the source closes. With a context: Result<>, the context's error if the context is done before.
  auto wait() const { return detail::Await<detail::DoneCase>(state()); }
  auto wait(const Context& ctx) const { return detail::AwaitUnder<detail::DoneCase>(ctx.node(), state()); }

 private:
  friend class DoneSource;
  explicit Done(detail::Handle<detail::DoneState> state) noexcept : state_(std::move(state)) {}
  const detail::Handle<detail::DoneState>& state() const noexcept {
    check(static_cast<bool>(state_), "Done used after it was moved from");
    return state_;
  }
  detail::Handle<detail::DoneState> state_;
};

class DoneSource {
 public:
  DoneSource() : state_(new detail::DoneState) {}
  DoneSource(DoneSource&&) noexcept = default;
  DoneSource& operator=(DoneSource&&) = delete;
  ~DoneSource() { close(); }

  Done done() const {
    check(static_cast<bool>(state_), "DoneSource used after it was moved from");
    return Done(state_);
  }
  void close() noexcept {
    if (state_) state_->close();
  }

 private:
  detail::Handle<detail::DoneState> state_;
};

}  // namespace leash
