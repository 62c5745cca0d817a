// SPDX-License-Identifier: BSL-1.0
#pragma once
// An operation that a task waits for, as far as it is the same for each Asio. Internal.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <new>

#include "leash/detail/loop_state.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/waiting.hpp"

namespace leash::detail {

// One operation, whatever it is: shared by its awaiter and its handler, so that a frame can be destroyed while it is in
// flight.
class OperationState : public Operation, public Dependent {
 public:
  OperationState(ContextNode& context, bool owns_its_memory, bool is_plain, WaitKind kind);
  OperationState(const OperationState&) = delete;
  OperationState& operator=(const OperationState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }
  static void* operator new(std::size_t size, std::align_val_t alignment) {  // for results that need it
    return ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    ::operator delete(memory, size, alignment);
  }

  LoopState& loop() const noexcept { return *loop_; }
  ContextNode& context() const noexcept { return *context_; }

  void initiated(bool can_be_canceled) noexcept;  // after the operation was started
  void completed() noexcept;                      // by its handler, once, with the result stored
  void await();                                   // by the awaiter, once
  void wait();                                    // afterwards, if it must wait
  void wait_in(Selection& selection, int index);  // by a select
  void wait_no_more() noexcept { selection_ = nullptr; }
  void abandon() noexcept;        // the awaiter is destroyed first: cancel
  void stop() noexcept override;  // canceled once: later its socket may be destroyed
  bool is_complete() const noexcept { return complete_; }
  void skip() noexcept { complete_ = true; }  // not started, because the context is done

  // Memory for Asio's own state of the operation. It is in this object if it fits and is free.
  void* allocate(std::size_t size);
  void deallocate(void* memory, std::size_t size) noexcept;

 protected:
  virtual ~OperationState();

 private:
  virtual void cancel() noexcept = 0;  // tells Asio
  static void context_done(Dependent& dependent) noexcept;
  void belong_to(TaskRecord& its_task);

  std::uint32_t refs_ = 0;
  bool complete_ = false;
  bool awaited_once_ = false;
  bool in_flight_ = false;
  bool arena_used_ = false;
  WaitKind kind_;
  bool owns_its_memory_;  // needs nothing of the caller: not waited for after its context is done
  LoopState* loop_;       // counted
  Selection* selection_ = nullptr;
  int index_ = 0;
  Ref<ContextNode> context_;
  alignas(std::max_align_t) std::byte arena_[192];
};

template <class T>
class OperationAllocator {
 public:
  using value_type = T;
  explicit OperationAllocator(OperationState& operation) noexcept : operation_(&operation) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) noexcept : operation_(other.operation_) {}
  T* allocate(std::size_t n) { return static_cast<T*>(operation_->allocate(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t n) noexcept { operation_->deallocate(memory, n * sizeof(T)); }
  friend bool operator==(const OperationAllocator& a, const OperationAllocator& b) noexcept {
    return a.operation_ == b.operation_;
  }

 private:
  template <class>
  friend class OperationAllocator;
  OperationState* operation_;
};

// Waits for the end of an operation, whatever its result is.
class OperationEnd : public AwaiterTag {
 public:
  explicit OperationEnd(OperationState& operation) noexcept : operation_(&operation) {}
  bool await_ready() const noexcept { return operation_->is_complete(); }
  void await_suspend(std::coroutine_handle<>) const { operation_->wait(); }
  void await_resume() const noexcept {}

 private:
  Ref<OperationState> operation_;
};

}  // namespace leash::detail
