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
#include <deque>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "leash/detail/check.hpp"
#include "leash/context.hpp"
#include "leash/detail/list.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash {

template <class T>
class Channel;

namespace detail {

template <class T>
struct ReceiveLink : Hook<ReceiveLink<T>> {
  Selection* selection = nullptr;
  int index = 0;
  std::optional<T> value;  // empty when chosen: closed
};

template <class T>
struct SendLink : Hook<SendLink<T>> {
  explicit SendLink(T v) : value(std::move(v)) {}
  Selection* selection = nullptr;
  int index = 0;
  bool accepted = false;  // false when chosen: closed
  T value;
};

template <class T>
class ChannelState {
 public:
  explicit ChannelState(std::size_t capacity) noexcept : capacity_(capacity) {}

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  // Whether the outcome is known: a value was taken, or (link.value empty) the channel is closed.
  bool receive_now(ReceiveLink<T>& link) {
    if (buffer_ && !buffer_->empty()) {
      link.value.emplace(std::move(buffer_->front()));
      buffer_->pop_front();
      if (SendLink<T>* sender = first(senders_)) {
        buffer_->push_back(std::move(sender->value));
        accept(*sender);
      }
      return true;
    }
    if (SendLink<T>* sender = first(senders_)) {
      link.value.emplace(std::move(sender->value));
      accept(*sender);
      return true;
    }
    return closed_;
  }

  bool send_now(SendLink<T>& link) {
    if (closed_) return true;
    if (ReceiveLink<T>* receiver = first(receivers_)) {
      receiver->value.emplace(std::move(link.value));
      receiver->unlink();
      receiver->selection->choose(receiver->index);
    } else if (size() < capacity_) {
      if (!buffer_) buffer_ = std::make_unique<std::deque<T>>();
      buffer_->push_back(std::move(link.value));
    } else {
      return false;
    }
    link.accepted = true;
    return true;
  }

  void wait(ReceiveLink<T>& link) noexcept { receivers_.push_back(link); }
  void wait(SendLink<T>& link) noexcept { senders_.push_back(link); }

  bool close() noexcept {
    if (closed_) return false;
    closed_ = true;
    while (ReceiveLink<T>* receiver = first(receivers_)) {
      receiver->unlink();
      receiver->selection->choose(receiver->index);
    }
    while (SendLink<T>* sender = first(senders_)) {
      sender->unlink();
      sender->selection->choose(sender->index);
    }
    return true;
  }

  bool closed() const noexcept { return closed_; }
  std::size_t size() const noexcept { return buffer_ ? buffer_->size() : 0; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  template <class Link>
  static Link* first(List<Link>& links) noexcept {
    return static_cast<Link*>(links.front());
  }
  void accept(SendLink<T>& sender) noexcept {
    sender.accepted = true;
    sender.unlink();
    sender.selection->choose(sender.index);
  }

  std::uint32_t refs_ = 0;
  bool closed_ = false;
  std::size_t capacity_;
  std::unique_ptr<std::deque<T>> buffer_;  // made when the first value is buffered
  List<ReceiveLink<T>> receivers_;
  List<SendLink<T>> senders_;
};

template <class T>
class ReceiveCase {
 public:
  static constexpr WaitKind kind = WaitKind::chan_receive;
  explicit ReceiveCase(Ref<ChannelState<T>> channel) noexcept : channel_(std::move(channel)) {}
  ReceiveCase(ReceiveCase&& other) noexcept : channel_(std::move(other.channel_)) {}
  bool try_now(TaskRecord&) { return channel_->receive_now(link_); }
  void arm(Selection& selection, int index) noexcept {
    link_.selection = &selection;
    link_.index = index;
    channel_->wait(link_);
  }
  void disarm() noexcept { link_.unlink(); }
  Result<T> result() {
    if (!link_.value) return std::unexpected(make_error_code(errc::closed));
    return std::move(*link_.value);
  }

 private:
  Ref<ChannelState<T>> channel_;
  ReceiveLink<T> link_;
};

template <class T>
class SendCase {
 public:
  static constexpr WaitKind kind = WaitKind::chan_send;
  SendCase(Ref<ChannelState<T>> channel, T value) : channel_(std::move(channel)), link_(std::move(value)) {}
  SendCase(SendCase&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : channel_(std::move(other.channel_)), link_(std::move(other.link_.value)) {}
  bool try_now(TaskRecord&) { return channel_->send_now(link_); }
  void arm(Selection& selection, int index) noexcept {
    link_.selection = &selection;
    link_.index = index;
    channel_->wait(link_);
  }
  void disarm() noexcept { link_.unlink(); }
  Result<> result() const {
    if (!link_.accepted) return std::unexpected(make_error_code(errc::closed));
    return {};
  }

 private:
  Ref<ChannelState<T>> channel_;
  SendLink<T> link_;
};

}  // namespace detail

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
