// SPDX-License-Identifier: BSL-1.0
#pragma once
// The queue of a channel, and the cases of receive and send. Internal; the public header is
// leash/channel.hpp.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "leash/detail/frame_pool.hpp"
#include "leash/detail/handle.hpp"
#include "leash/detail/list.hpp"
#include "leash/detail/returned_values.hpp"
#include "leash/detail/send_source.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"
#include "leash/wait_point.hpp"

namespace leash::detail {

template <class T>
struct ReceiveLink : Hook<ReceiveLink<T>> {
  Selection* selection = nullptr;
  int index = 0;
  std::uint32_t number = 0;  // of the value, in the order in which they were handed out
  std::optional<T> value;    // if it is empty when chosen, the channel is closed
};

template <class T>
struct SendLink : Hook<SendLink<T>> {
  Selection* selection = nullptr;
  T* value = nullptr;  // moved from if it is accepted, otherwise unchanged
  int index = 0;
  bool accepted = false;  // if it is false when chosen, the channel is closed
};

template <class T>
class ChannelState : public InFramePool {
 public:
  explicit ChannelState(std::size_t capacity) noexcept : capacity_(capacity) {}

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) [[unlikely]]
      destroy();
  }

  // Whether the outcome is known: a value was taken, or (if link.value is empty) the channel is closed. An exception
  // leaves everything unchanged.
  bool receive_now(ReceiveLink<T>& link) {
    if (buffer_ && !buffer_->returned.empty()) {
      link.number = buffer_->returned.take(link.value);
      return true;
    }
    SendLink<T>* const sender = first(senders_);
    if (buffer_ && !buffer_->values.empty()) {
      if (sender) {
        buffer_->values.push_back(std::move(*sender->value));
        accept(*sender);
      }
      link.value.emplace(std::move(buffer_->values.front()));
      buffer_->values.pop_front();
    } else if (sender) {
      link.value.emplace(std::move(*sender->value));
      accept(*sender);
    } else {
      return closed_;
    }
    link.number = handed_out_++;
    return true;
  }

  // The same for sending; `value` is moved from if it is accepted.
  bool send_now(T& value, bool& accepted) {
    if (closed_) return true;
    if (ReceiveLink<T>* receiver = first(receivers_)) {
      receiver->value.emplace(std::move(value));
      receiver->number = handed_out_++;
      wake(*receiver);
    } else if (buffered() < capacity_) {
      buffer().values.push_back(std::move(value));
    } else {
      return false;
    }
    accepted = true;
    return true;
  }

  // A receiver is destroyed before it took its value, which goes to the next one or back to its place.
  [[gnu::cold, gnu::noinline]] void give_back(ReceiveLink<T>& link) noexcept {
    if (ReceiveLink<T>* receiver = first(receivers_)) {
      receiver->value.emplace(std::move(*link.value));
      receiver->number = link.number;
      wake(*receiver);
      return;
    }
    try {
      buffer().returned.put(link.number, std::move(*link.value));
    } catch (const std::bad_alloc&) {
      report_lost_value();
    }
  }

  void wait(ReceiveLink<T>& link) noexcept { receivers_.push_back(link); }
  void wait(SendLink<T>& link) noexcept { senders_.push_back(link); }

  bool close() noexcept {
    if (closed_) return false;
    closed_ = true;
    while (ReceiveLink<T>* receiver = first(receivers_)) wake(*receiver);
    while (SendLink<T>* sender = first(senders_)) wake(*sender);
    return true;
  }

  bool closed() const noexcept { return closed_; }
  std::size_t size() const noexcept { return buffered() + (buffer_ ? buffer_->returned.size() : 0); }
  std::size_t capacity() const noexcept { return capacity_; }
  std::uint32_t handles() const noexcept { return refs_; }

 private:
  [[gnu::cold, gnu::noinline]] void destroy() noexcept { delete this; }
  struct Buffer {
    std::deque<T> values;
    ReturnedValues<T> returned;  // these come before the values in the queue
  };
  Buffer& buffer() {
    if (!buffer_) buffer_ = std::make_unique<Buffer>();
    return *buffer_;
  }
  std::size_t buffered() const noexcept { return buffer_ ? buffer_->values.size() : 0; }

  template <class Link>
  static Link* first(List<Link>& links) noexcept {
    return static_cast<Link*>(links.front());
  }
  template <class Link>
  static void wake(Link& link) noexcept {
    link.unlink();
    link.selection->choose(link.index);
  }
  static void accept(SendLink<T>& sender) noexcept {
    sender.accepted = true;
    wake(sender);
  }

  std::uint32_t refs_ = 0;
  std::uint32_t handed_out_ = 0;
  bool closed_ = false;
  std::size_t capacity_;
  std::unique_ptr<Buffer> buffer_;  // created for the first buffered value
  List<ReceiveLink<T>> receivers_;
  List<SendLink<T>> senders_;
};

template <class T>
class ReceiveCase {
 public:
  static constexpr WaitKind kind = WaitKind::chan_receive;
  explicit ReceiveCase(const Handle<ChannelState<T>>& channel) noexcept : channel_(channel) {}
  ReceiveCase(ReceiveCase&& other) noexcept : channel_(std::move(other.channel_)) {}
  ReceiveCase& operator=(ReceiveCase&&) = delete;
  ~ReceiveCase() {
    if (link_.value) [[unlikely]]
      channel_->give_back(link_);
  }
  bool try_now(TaskRecord&) { return channel_->receive_now(link_); }
  void arm(Selection& selection, int index) noexcept {
    link_.selection = &selection;
    link_.index = index;
    channel_->wait(link_);
  }
  void disarm() noexcept { link_.unlink(); }
  Result<T> result() {
    if (!link_.value) return std::unexpected(make_error_code(errc::closed));
    Result<T> taken(std::move(*link_.value));
    link_.value.reset();
    return taken;
  }
  Selection::Object object() const noexcept { return {channel_.get(), channel_->handles()}; }

 private:
  Handle<ChannelState<T>> channel_;
  ReceiveLink<T> link_;
};

template <class T, class Source>
class SendCase {
 public:
  static constexpr WaitKind kind = WaitKind::chan_send;
  struct From {
    const Handle<ChannelState<T>>& channel;
    const Source& source;
  };
  explicit SendCase(const From& from) : channel_(from.channel), source_(from.source) {}
  SendCase(SendCase&& other) noexcept(std::is_nothrow_move_constructible_v<Source>)
      : channel_(std::move(other.channel_)), source_(std::move(other.source_)) {}
  SendCase& operator=(SendCase&&) = delete;
  ~SendCase() = default;
  bool try_now(TaskRecord&) { return channel_->send_now(value_at<T>(source_), link_.accepted); }
  void arm(Selection& selection, int index) noexcept {
    link_.selection = &selection;
    link_.index = index;
    link_.value = &value_at<T>(source_);
    channel_->wait(link_);
  }
  void disarm() noexcept { link_.unlink(); }
  Result<> result() const {
    if (!link_.accepted) return std::unexpected(make_error_code(errc::closed));
    return {};
  }
  Selection::Object object() const noexcept { return {channel_.get(), channel_->handles()}; }

 private:
  Handle<ChannelState<T>> channel_;
  Source source_;
  SendLink<T> link_;
};

}  // namespace leash::detail
