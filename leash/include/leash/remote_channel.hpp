// SPDX-License-Identifier: BSL-1.0
#pragma once
// A channel whose senders may be on any thread: how values cross from other threads, and from loop to loop.
//
// What it is     a bounded queue that belongs to a loop. Tasks of that loop receive, as from a Channel; a RemoteSender
//                may be copied, called and dropped by any thread.
// Requires       a capacity of at least 1.
// Misuse         a capacity of 0, and a handle that was moved from, end the process with a message.
// Guarantees     values of one sender arrive in the order in which they were sent, each exactly once, also where a task
//                that was handed one is destroyed before it takes it: the next receiver gets it. What is not sent stays
//                with its sender. When the channel was closed, or every sender was dropped, what is in the queue can still
//                be received; then receive fails with errc::closed. After close, at the end of the last RemoteChannel and
//                at the end of the loop, every send fails with errc::closed.
// Threads        RemoteChannel: the loop's. RemoteSender: any, several at once; send() in a task of any loop.
// Lifetime       senders may outlive the channel, its loop and its io_context. While one lives, tasks of the loop are
//                no deadlock: a value may still come.
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
#include "leash/loop.hpp"

namespace leash {

template <class T>
class RemoteChannel;

template <class T>
class RemoteSender {
  using SendCopy = detail::RemoteSendCase<T, T>;
  using SendMoved = detail::RemoteSendCase<T, detail::MovedSource<T>>;

 public:
  /// Nothing when the queue is full. The value is moved from when it is sent, and only then.
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

  /// Result<>: waits for room, in a task of any loop, also as a case of select. `ctx` is of that task's loop. An rvalue is
  /// moved from when the value is sent, and only then, as with Channel::send: so it has to live until the wait is over.
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
  RemoteChannel(Loop& loop, std::size_t capacity)
      : end_(std::make_shared<detail::ReceivingEnd<T>>(loop.state(), capacity)) {
    check(capacity > 0, "a RemoteChannel was made with a capacity of 0");
  }

  RemoteSender<T> sender() const { return RemoteSender<T>(detail::SendingEnd<T>::make(end())); }

  /// Result<T>, also as a case of select. With a context, also its error.
  auto receive() const {
    return detail::Await<detail::RemoteReceiveCase<T>>(detail::RemoteReceiveCase<T>(end_ptr()));
  }
  auto receive(const Context& ctx) const {
    return detail::AwaitUnder<detail::RemoteReceiveCase<T>>(ctx.node(),
                                                            detail::RemoteReceiveCase<T>(end_ptr()));
  }
  /// Nothing when it would have to wait.
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
