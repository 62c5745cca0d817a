// SPDX-License-Identifier: BSL-1.0
#pragma once
// Channels between tasks, with Go's semantics.
//
// What it is     a copyable handle of a queue; capacity 0 is a rendezvous. Passed by value, like Go's.
// Guarantees     values arrive in the order in which they were sent, each exactly once, also if a task that was handed
//                a value is destroyed before it runs. A value that is not sent stays with its sender. A waiting task
//                keeps the channel alive: it stays parked when the last other handle is dropped, as in Go. After
//                close, buffered values can still be received; then receive and every send fail with
//                errc::closed.
// Threads        the loop's thread. Loops of one thread may share a channel.
// Misuse         a handle that was moved from, an awaiter that is awaited twice, or moved while a task waits for it, and
//                waking a task of another thread end the process with a message.
// Lifetime       shared by its handles and waiters; handles may outlive the loop.
//
//   leash::Channel<int> ch;
//   leash::go(ctx, produce(ch));
//   while (auto value = co_await ch.receive(ctx)) use(*value);  // ends on close, or when ctx is done
//   co_await ch.receive();                                      // without a context: may wait for ever

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/channel_state.hpp"
#include "leash/error.hpp"

namespace leash {

template <class T>
class Channel {
  static_assert(std::is_object_v<T>,
                "Channel<void> carries no value: use Done for a signal, or Channel<std::monostate>");

  using SendCopy = detail::SendCase<T, T>;
  using SendMoved = detail::SendCase<T, detail::MovedSource<T>>;

 public:
  explicit Channel(std::size_t capacity = 0) : state_(new detail::ChannelState<T>(capacity)) {}
  Channel(const Channel&) noexcept = default;
  Channel(Channel&&) noexcept = default;
  Channel& operator=(const Channel&) noexcept = default;
  Channel& operator=(Channel&&) noexcept = default;
  ~Channel() = default;

  /// Result<T>: the next value; errc::closed if the channel is closed and empty; with a context, also the context's
  /// error. The value is taken when the task resumes: if the task is destroyed first, the value goes to the next
  /// receiver, or back to its place in the queue.
  auto receive() const { return detail::Await<detail::ReceiveCase<T>>(state()); }
  auto receive(const Context& ctx) const {
    return detail::AwaitUnder<detail::ReceiveCase<T>>(ctx.node(), state());
  }

  /// Result<>: success when a receiver or the buffer has the value; errc::closed if the channel is closed before.
  /// An rvalue is moved from only when the value is sent: after a send that failed, or a case of select that was not
  /// taken, the caller's variable still has it. The variable must therefore live until the wait is over:
  /// `co_await ch.send(std::move(value))` in one expression.
  auto send(T&& value) const { return detail::Await<SendMoved>(moved(detail::moved_source(value))); }
  auto send(const Context& ctx, T&& value) const {
    return detail::AwaitUnder<SendMoved>(ctx.node(), moved(detail::moved_source(value)));
  }
  auto send(const T& value) const requires std::is_copy_constructible_v<T> {
    return detail::Await<SendCopy>(typename SendCopy::From{state(), value});
  }
  auto send(const Context& ctx, const T& value) const requires std::is_copy_constructible_v<T> {
    return detail::AwaitUnder<SendCopy>(ctx.node(), typename SendCopy::From{state(), value});
  }

  /// Returns nothing if it would have to wait. May be called outside of tasks.
  std::optional<Result<T>> try_receive() const {
    detail::ReceiveLink<T> link;
    if (!state()->receive_now(link)) return std::nullopt;
    if (!link.value) return Result<T>(std::unexpected(make_error_code(errc::closed)));
    return Result<T>(std::move(*link.value));
  }
  /// Returns nothing if it would have to wait. An rvalue is moved from only when the value is sent.
  std::optional<Result<>> try_send(T&& value) const {
    bool accepted = false;
    if (!state()->send_now(value, accepted)) return std::nullopt;
    if (!accepted) return Result<>(std::unexpected(make_error_code(errc::closed)));
    return Result<>();
  }
  std::optional<Result<>> try_send(const T& value) const requires std::is_copy_constructible_v<T> {
    return try_send(T(value));
  }

  /// Returns false if it was closed already (Go panics then).
  bool close() const noexcept { return state()->close(); }

  bool closed() const noexcept { return state()->closed(); }
  /// Values that wait to be received: at most the capacity, plus those that destroyed receivers gave back.
  std::size_t size() const noexcept { return state()->size(); }
  std::size_t capacity() const noexcept { return state()->capacity(); }

 private:
  typename SendMoved::From moved(const detail::MovedSource<T>& source) const { return {state(), source}; }
  const detail::Handle<detail::ChannelState<T>>& state() const noexcept {
    check(static_cast<bool>(state_), "Channel used after it was moved from");
    return state_;
  }
  detail::Handle<detail::ChannelState<T>> state_;
};

}  // namespace leash
