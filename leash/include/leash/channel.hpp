#pragma once
// Channels between tasks, with Go's semantics.
//
// What it is     a copyable handle of a queue; capacity 0 is a rendezvous. Passed by value, like Go's.
// Guarantees     values arrive in the order in which they were sent, each exactly once. A waiting task keeps
//                the channel alive: when the last other handle is dropped it stays parked, as in Go. After
//                close, what is buffered can still be received; then receive and every send fail with
//                errc::closed.
// Threads        the loop's thread.
// Lifetime       shared by its handles and waiters; handles may outlive the loop.
//
//   leash::Channel<int> ch;
//   leash::go(ctx, produce(ch));
//   while (auto value = co_await ch.receive(ctx)) use(*value);  // ends on close, or when ctx is done
//   co_await ch.receive();                                      // without a context: may wait for ever

#include <cstddef>
#include <optional>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/channel_state.hpp"
#include "leash/error.hpp"

namespace leash {

template <class T>
class Channel {
 public:
  explicit Channel(std::size_t capacity = 0) : state_(new detail::ChannelState<T>(capacity)) {}
  Channel(const Channel&) noexcept = default;
  Channel(Channel&&) noexcept = default;
  Channel& operator=(const Channel&) noexcept = default;
  Channel& operator=(Channel&&) noexcept = default;
  ~Channel() = default;

  // Result<T>: the next value; errc::closed when the channel is closed and empty. With a context, also its
  // error.
  auto receive() const { return detail::Await<detail::ReceiveCase<T>>(detail::ReceiveCase<T>(state())); }
  auto receive(const Context& ctx) const {
    return detail::AwaitUnder<detail::ReceiveCase<T>>(ctx.node(), detail::ReceiveCase<T>(state()));
  }

  // Result<>: success when a receiver or the buffer has the value; errc::closed when the channel is or gets
  // closed. The value is dropped when the send fails.
  auto send(T value) const {
    return detail::Await<detail::SendCase<T>>(detail::SendCase<T>(state(), std::move(value)));
  }
  auto send(const Context& ctx, T value) const {
    return detail::AwaitUnder<detail::SendCase<T>>(ctx.node(),
                                                   detail::SendCase<T>(state(), std::move(value)));
  }

  // Without waiting: nothing when that would have to wait. Callable outside of tasks.
  std::optional<Result<T>> try_receive() const {
    detail::ReceiveLink<T> link;
    if (!state()->receive_now(link)) return std::nullopt;
    if (!link.value) return Result<T>(std::unexpected(make_error_code(errc::closed)));
    return Result<T>(std::move(*link.value));
  }
  std::optional<Result<>> try_send(T value) const {
    detail::SendLink<T> link(std::move(value));
    if (!state()->send_now(link)) return std::nullopt;
    if (!link.accepted) return Result<>(std::unexpected(make_error_code(errc::closed)));
    return Result<>();
  }

  // False if it was closed already (where Go panics).
  bool close() const noexcept { return state()->close(); }

  bool closed() const noexcept { return state()->closed(); }
  std::size_t size() const noexcept { return state()->size(); }  // buffered values
  std::size_t capacity() const noexcept { return state()->capacity(); }

 private:
  const detail::Ref<detail::ChannelState<T>>& state() const noexcept {
    check(static_cast<bool>(state_), "Channel used after it was moved from");
    return state_;
  }
  detail::Ref<detail::ChannelState<T>> state_;
};

}  // namespace leash
