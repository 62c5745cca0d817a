#pragma once
// The queue behind the handles of a channel, and its cases: to receive and to send. Internal: leash/channel.hpp is
// what users see.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "leash/detail/list.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"
#include "leash/wait_point.hpp"

namespace leash::detail {

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

}  // namespace leash::detail
