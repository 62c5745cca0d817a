// SPDX-License-Identifier: BSL-1.0
#pragma once
// A channel with senders on any thread, for values from other threads and other loops.
//
// What it is     a bounded queue of one loop. Tasks of that loop receive, as from a Channel; a RemoteSender may be copied,
//                used and dropped on any thread.
// Requires       a capacity of at least 1.
// Misuse         a capacity of 0, and using a moved-from handle, end the process with a message.
// Guarantees     values of one sender arrive in the order in which they were sent, each exactly once, also if a task that
//                was handed a value is destroyed before it takes it: the next receiver gets the value. A value that is not
//                sent stays with its sender. After close, or after the last sender was dropped, queued values can still
//                be received; then receive fails with errc::closed. After close, and after the end of the last
//                RemoteChannel or of the loop, every send fails with errc::closed.
// Threads        RemoteChannel: the loop's. RemoteSender: any, several at once; send() in a task of any loop.
// Lifetime       senders may outlive the channel, its loop and its io_context. While a sender exists, waiting tasks of the
//                loop are no deadlock, because a value may still come.
//
//   leash::RemoteChannel<std::string> lines(loop, 64);
//   std::thread other([sender = lines.sender()] { (void)sender.try_send("from another thread"); });
//   while (auto line = co_await lines.receive(ctx)) use(*line);  // in a task; ends when the last sender was dropped
//   other.join();

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/remote_channel_state.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"
#include "leash/loop_base.hpp"

namespace leash {

template <class T>
class RemoteChannel;

template <class T>
class RemoteSender {
  using SendCopy = detail::RemoteSendCase<T, T>;
  using SendMoved = detail::RemoteSendCase<T, detail::MovedSource<T>>;

 public:
  /// Returns nothing if the queue is full. The value is moved from only when it is sent.
  std::optional<Result<>> try_send(T&& value) const {
    switch (state().put(value)) {
      case detail::Put::full:
        return std::nullopt;
      case detail::Put::closed:
        return Result<>(std::unexpected(make_error_code(errc::closed)));
      case detail::Put::sent:
        break;
    }
    return Result<>();
  }

  /// Result<>: waits for room, in a task of any loop, also as a case of select. `ctx` belongs to that task's loop. An
  /// rvalue is moved from only when the value is sent, as with Channel::send, so it must live until the wait is over.
  auto send(T&& value) const { return detail::Await<SendMoved>(moved(value)); }
  auto send(const Context& ctx, T&& value) const {
    return detail::AwaitUnder<SendMoved>(ctx.node(), moved(value));
  }
  auto send(const T& value) const requires std::is_copy_constructible_v<T> {
    return detail::Await<SendCopy>(SendCopy(state_ptr(), value));
  }
  auto send(const Context& ctx, const T& value) const requires std::is_copy_constructible_v<T> {
    return detail::AwaitUnder<SendCopy>(ctx.node(), SendCopy(state_ptr(), value));
  }

 private:
  friend class RemoteChannel<T>;
  explicit RemoteSender(std::shared_ptr<detail::SendingEnd<T>> end) noexcept : end_(std::move(end)) {}
  SendMoved moved(T& value) const { return SendMoved(state_ptr(), detail::moved_source(value)); }
  detail::RemoteChannelState<T>& state() const noexcept { return *state_ptr(); }
  const std::shared_ptr<detail::RemoteChannelState<T>>& state_ptr() const noexcept {
    check(static_cast<bool>(end_), "RemoteSender used after it was moved from");
    return end_->state();
  }
  std::shared_ptr<detail::SendingEnd<T>> end_;  ///< all copies share one
};

template <class T>
class RemoteChannel {
 public:
  RemoteChannel(LoopBase& loop, std::size_t capacity)
      : end_(std::make_shared<detail::ReceivingEnd<T>>(loop.state(), capacity)) {
    check(capacity > 0, "a RemoteChannel was made with a capacity of 0");
  }

  RemoteSender<T> sender() const { return RemoteSender<T>(detail::SendingEnd<T>::make(end())); }

  /// Result<T>, also as a case of select. With a context, also the context's error.
  auto receive() const { return detail::Await<detail::RemoteReceiveCase<T>>(end_ptr()); }
  auto receive(const Context& ctx) const {
    return detail::AwaitUnder<detail::RemoteReceiveCase<T>>(ctx.node(), end_ptr());
  }
  /// Returns nothing if it would have to wait.
  std::optional<Result<T>> try_receive() const {
    detail::RemoteReceiveLink<T> link;
    if (!end().state()->receive_now(link)) return std::nullopt;
    if (!link.value) return Result<T>(std::unexpected(make_error_code(errc::closed)));
    return Result<T>(std::move(*link.value));
  }

  void close() const noexcept { end().state()->close(); }
  std::size_t size() const noexcept { return end().state()->size(); }

 private:
  detail::ReceivingEnd<T>& end() const noexcept { return *end_ptr(); }
  const std::shared_ptr<detail::ReceivingEnd<T>>& end_ptr() const noexcept {
    check(static_cast<bool>(end_), "RemoteChannel used after it was moved from");
    return end_;
  }
  std::shared_ptr<detail::ReceivingEnd<T>> end_;
};

}  // namespace leash
