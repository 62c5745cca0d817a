// SPDX-License-Identifier: BSL-1.0
#pragma once
// The queue of a RemoteChannel, its two ends, and the waits of tasks at both. Internal.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "leash/detail/context_node.hpp"
#include "leash/detail/list.hpp"
#include "leash/detail/loop_remote.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/returned_values.hpp"
#include "leash/detail/send_source.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash::detail {

enum class Put : std::uint8_t { sent, full, closed };

// A task of any loop that waits for room.
class WaitsForRoom : public LoopRemote::Waker {
 public:
  explicit WaitsForRoom(std::shared_ptr<LoopRemote> its_home) noexcept : home(std::move(its_home)) {}
  virtual void try_again() noexcept = 0;  // on the thread of its loop
  void let_go() noexcept override {}
  const std::shared_ptr<LoopRemote> home;

 protected:
  ~WaitsForRoom() = default;
};

template <class T>
struct RemoteReceiveLink : Hook<RemoteReceiveLink<T>> {
  Selection* selection = nullptr;
  int index = 0;
  std::uint32_t number = 0;  // of the value, in the order in which they were handed out
  std::optional<T> value;    // if it is empty when chosen, the channel is closed
};

template <class T>
class RemoteChannelState : public std::enable_shared_from_this<RemoteChannelState<T>> {
 public:
  RemoteChannelState(LoopState& loop, std::size_t capacity) : remote(loop.remote()), capacity_(capacity) {}

  const std::shared_ptr<LoopRemote> remote;

  // Any thread. An exception leaves everything unchanged.
  Put put(T& value) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Put::closed;
    if (values_.size() >= capacity_) return Put::full;
    wake_receivers_soon();
    values_.push_back(std::move(value));
    return Put::sent;
  }
  void wait_for_room(std::shared_ptr<WaitsForRoom> waiter) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiter));
    if (closed_ || values_.size() < capacity_) tell_of_room();  // room was made meanwhile
  }
  // It does not wait any more. If it was notified of room, the next one is notified instead.
  void stop_waiting(const std::shared_ptr<WaitsForRoom>& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    const auto at = std::find(waiting_.begin(), waiting_.end(), waiter);
    if (at != waiting_.end()) {
      waiting_.erase(at);
    } else if (closed_ || values_.size() < capacity_) {
      tell_of_room();
    }
  }

  // The loop's thread. Whether the outcome is known: a value was taken, or (if it is empty) the channel is closed.
  bool receive_now(RemoteReceiveLink<T>& link) {
    const std::lock_guard lock(mutex_);
    return take(link) || over();
  }
  void wait(RemoteReceiveLink<T>& link) {
    const std::lock_guard lock(mutex_);
    receivers_.push_back(link);
    receiver_waits_ = true;
    if (holds_any() || over()) wake_receivers_soon();
  }
  // A receiver is destroyed before it took its value. The value goes to the next receiver.
  void give_back(RemoteReceiveLink<T>& link) noexcept {
    try {
      const std::lock_guard lock(mutex_);
      returned_.put(link.number, std::move(*link.value));
    } catch (const std::bad_alloc&) {
      report_lost_value();
    }
    wake_receivers();
  }
  // Each is chosen without the lock, because its other cases may be channels of this kind.
  void wake_receivers() noexcept {
    while (RemoteReceiveLink<T>* const link = next_to_wake()) {
      link->unlink();
      link->selection->choose(link->index);
    }
  }
  void close() noexcept {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      while (!waiting_.empty()) tell_of_room();
    }
    wake_receivers();
  }
  void sender_came() noexcept {
    const std::lock_guard lock(mutex_);
    had_senders_ = true;
    ++senders_;
  }
  void sender_went() noexcept {
    {
      const std::lock_guard lock(mutex_);
      --senders_;
    }
    wake_receivers();
  }
  std::size_t size() const noexcept {
    const std::lock_guard lock(mutex_);
    return values_.size() + returned_.size();
  }

 private:
  bool holds_any() const noexcept { return !values_.empty() || !returned_.empty(); }
  bool take(RemoteReceiveLink<T>& link) {
    if (!returned_.empty()) {
      link.number = returned_.take(link.value);
    } else if (!values_.empty()) {
      link.value.emplace(std::move(values_.front()));
      values_.pop_front();
      link.number = handed_out_++;
      tell_of_room();
    } else {
      return false;
    }
    return true;
  }
  RemoteReceiveLink<T>* next_to_wake() noexcept {
    const std::lock_guard lock(mutex_);
    wake_posted_ = false;
    auto* const link = static_cast<RemoteReceiveLink<T>*>(receivers_.front());
    receiver_waits_ = link != nullptr;
    return link && (take(*link) || over()) ? link : nullptr;
  }
  bool over() const noexcept { return closed_ || (had_senders_ && senders_ == 0); }
  void wake_receivers_soon() {
    if (!receiver_waits_ || wake_posted_) return;
    remote->post([self = this->shared_from_this()] { self->wake_receivers(); });
    wake_posted_ = true;
  }
  void tell_of_room() noexcept {
    if (waiting_.empty()) return;
    std::shared_ptr<WaitsForRoom> first = std::move(waiting_.front());
    waiting_.pop_front();
    try {
      first->home->post([first] { first->try_again(); });
    } catch (const std::bad_alloc&) {
      waiting_.push_front(std::move(first));  // in its old place, so it is notified of the next room
    }
  }

  mutable std::mutex mutex_;
  std::deque<T> values_;
  ReturnedValues<T> returned_;  // these come before the values in the queue
  std::uint32_t handed_out_ = 0;
  const std::size_t capacity_;
  bool closed_ = false;
  bool had_senders_ = false;
  std::size_t senders_ = 0;
  bool wake_posted_ = false;
  bool receiver_waits_ = false;
  std::deque<std::shared_ptr<WaitsForRoom>> waiting_;
  List<RemoteReceiveLink<T>> receivers_;  // the loop's thread
};

// Shared by the copies of a RemoteChannel and by receivers. Closes it at its end and the loop's.
template <class T>
class ReceivingEnd : Dependent {
 public:
  ReceivingEnd(LoopState& loop, std::size_t capacity)
      : Dependent(
            [](Dependent& dependent) noexcept { static_cast<ReceivingEnd&>(dependent).state_->close(); }),
        loop_(&loop),
        state_(std::make_shared<RemoteChannelState<T>>(loop, capacity)) {
    loop.check_thread();
    LoopState::attach(*loop.never(), *this);
  }
  ReceivingEnd(const ReceivingEnd&) = delete;
  ReceivingEnd& operator=(const ReceivingEnd&) = delete;
  ~ReceivingEnd() {
    loop_->check_thread();
    state_->close();
  }
  const std::shared_ptr<RemoteChannelState<T>>& state() const noexcept { return state_; }

  bool any_tasks() const noexcept { return loop_->metrics()->live_tasks.get() != 0; }

 private:
  Ref<LoopState> loop_;
  std::shared_ptr<RemoteChannelState<T>> state_;
};

// Shared by all copies of one RemoteSender. The loop's thread is notified of its end.
template <class T>
class SendingEnd {
  struct Lives final : LoopRemote::Waker {
    explicit Lives(std::shared_ptr<RemoteChannelState<T>> s) noexcept : state(std::move(s)) {}
    void let_go() noexcept override { state->sender_went(); }
    std::shared_ptr<RemoteChannelState<T>> state;
  };

 public:
  static std::shared_ptr<SendingEnd> make(const ReceivingEnd<T>& receiving) {
    const std::shared_ptr<RemoteChannelState<T>>& state = receiving.state();
    auto lives = std::make_shared<Lives>(state);
    auto end = std::shared_ptr<SendingEnd>(new SendingEnd(lives));
    state->sender_came();
    state->remote->add(*lives, receiving.any_tasks());
    end->counts_ = true;
    return end;
  }
  SendingEnd(const SendingEnd&) = delete;
  SendingEnd& operator=(const SendingEnd&) = delete;
  ~SendingEnd() {
    if (!counts_) return;
    const std::shared_ptr<LoopRemote> remote = lives_->state->remote;
    remote->drop(std::move(lives_));
  }
  const std::shared_ptr<RemoteChannelState<T>>& state() const noexcept { return lives_->state; }

 private:
  explicit SendingEnd(std::shared_ptr<Lives> lives) noexcept : lives_(std::move(lives)) {}
  std::shared_ptr<Lives> lives_;
  bool counts_ = false;
};

template <class T>
class RemoteReceiveCase {
 public:
  static constexpr WaitKind kind = WaitKind::chan_receive;
  explicit RemoteReceiveCase(std::shared_ptr<ReceivingEnd<T>> end) noexcept : end_(std::move(end)) {}
  RemoteReceiveCase(RemoteReceiveCase&& other) noexcept : end_(std::move(other.end_)) {}
  RemoteReceiveCase& operator=(RemoteReceiveCase&&) = delete;
  ~RemoteReceiveCase() {
    if (link_.value) end_->state()->give_back(link_);
  }
  bool try_now(TaskRecord&) { return end_->state()->receive_now(link_); }
  void arm(Selection& selection, int index) {
    link_.selection = &selection;
    link_.index = index;
    end_->state()->wait(link_);
  }
  void disarm() noexcept { link_.unlink(); }
  Result<T> result() {
    if (!link_.value) return std::unexpected(make_error_code(errc::closed));
    Result<T> taken(std::move(*link_.value));
    link_.value.reset();
    return taken;
  }

 private:
  std::shared_ptr<ReceivingEnd<T>> end_;
  RemoteReceiveLink<T> link_;
};

template <class T, class Source>
class RemoteSendCase {
  struct Waiter final : WaitsForRoom, std::enable_shared_from_this<Waiter> {
    using WaitsForRoom::WaitsForRoom;
    void try_again() noexcept override {
      if (waits) waits->try_again();
    }
    RemoteSendCase* waits = nullptr;
  };

 public:
  static constexpr WaitKind kind = WaitKind::chan_send;
  RemoteSendCase(std::shared_ptr<RemoteChannelState<T>> state, Source source)
      : state_(std::move(state)), source_(std::move(source)) {}
  RemoteSendCase(RemoteSendCase&& other) noexcept(std::is_nothrow_move_constructible_v<Source>)
      : state_(std::move(other.state_)), source_(std::move(other.source_)) {}
  RemoteSendCase& operator=(RemoteSendCase&&) = delete;
  ~RemoteSendCase() { disarm(); }
  bool try_now(TaskRecord&) {
    put_ = state_->put(value_at<T>(source_));
    return put_ != Put::full;
  }
  void arm(Selection& selection, int index) {
    selection_ = &selection;
    index_ = index;
    waiter_ = std::make_shared<Waiter>(selection.task->loop().remote());
    waiter_->waits = this;
    waiter_->home->add(*waiter_, true);
    state_->wait_for_room(waiter_);
  }
  void disarm() noexcept {
    const auto waiter = std::exchange(waiter_, nullptr);
    if (!waiter) return;
    waiter->waits = nullptr;
    waiter->home->has_had_its_effect(*waiter);
    state_->stop_waiting(waiter);
  }
  Result<> result() const {
    if (put_ == Put::closed) return std::unexpected(make_error_code(errc::closed));
    return {};
  }

 private:
  void try_again() noexcept {
    put_ = state_->put(value_at<T>(source_));
    if (put_ == Put::full) {
      state_->wait_for_room(waiter_);
    } else {
      selection_->choose(index_);
    }
  }

  std::shared_ptr<RemoteChannelState<T>> state_;
  Source source_;
  Put put_ = Put::full;
  Selection* selection_ = nullptr;
  int index_ = 0;
  std::shared_ptr<Waiter> waiter_;
};

}  // namespace leash::detail
