// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a loop knows of each task, and what a frame tells about itself. Internal.

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <cstring>
#include <exception>
#include <source_location>
#include <string_view>

#include "leash/clock.hpp"
#include "leash/detail/context_node.hpp"
#include "leash/detail/frame_pool.hpp"
#include "leash/detail/list.hpp"
#include "leash/metrics.hpp"
#include "leash/wait_point.hpp"

namespace leash {
class Scope;
}

namespace leash::detail {

class LoopState;
struct TaskRecord;

// The part of every promise that does not depend on the result.
struct PromiseBase {
  explicit PromiseBase(std::source_location definition) noexcept;

  std::coroutine_handle<> handle() noexcept;

  PromiseBase* parent = nullptr;  // the frame that awaits this one
  PromiseBase** holder =
      nullptr;                 // where the awaiting frame keeps this one; cleared when it is destroyed early
  std::source_location where;  // of the co_await it is at; before the first one, of its definition
  std::uint32_t bytes;
  std::int32_t waits_in =
      0;  // where the Selection lies that its task waits in, from here; 0: in none, or not in the frame
};

// A promise derives from PromiseBase first and has no stricter alignment, so that the base is at the same
// place in every frame, and its handle can be made from it.
inline constexpr std::size_t promise_alignment = 16;
struct alignas(promise_alignment) AlignedPromiseBase : PromiseBase {
  using PromiseBase::PromiseBase;
};
inline std::coroutine_handle<> PromiseBase::handle() noexcept {
  return std::coroutine_handle<AlignedPromiseBase>::from_promise(static_cast<AlignedPromiseBase&>(*this));
}

struct Operation;
struct Ready;  // tag: the queue of tasks that are ready to run, or the list of those that are to be destroyed
struct InScope;    // tag: the tasks of a scope
struct HeldScope;  // tag: the scopes that a task made

// What not every task has: a name, and what its frames have to outlive. Of the frame pool.
class TaskExtra {
 public:
  static TaskExtra* make(std::string_view name);  // up to a null character
  void release() noexcept {
    const std::size_t bytes = sizeof(TaskExtra) + std::strlen(name()) + 1;
    this->~TaskExtra();
    frame_release(this, bytes);
  }

  const char* name() const noexcept { return reinterpret_cast<const char*>(this + 1); }  // empty: none

  List<Operation> operations;  // in flight, started or awaited by it
  List<HeldScope> scopes;

 private:
  TaskExtra() noexcept = default;
};

// There may be a million: members are ordered by size, and what the owner knows is not kept twice.
struct TaskRecord : Hook<TaskRecord>, Hook<Ready>, Dependent {
  TaskRecord(ContextNode& context, PromiseBase& root) noexcept;
  ~TaskRecord() {
    if (extra_) extra_->release();
  }

  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }

  Role role() const noexcept { return owner->role; }
  // Since when it is an orphan: since its owner ended, or since its start.
  TimePoint orphan_since() const noexcept { return std::max(started, owner->signal->done_at); }

  LoopState& loop() const noexcept { return *owner->signal->loop; }
  Scope* scope() const noexcept;        // null: started by go()
  TaskRecord* holder() const noexcept;  // the task that holds its scope
  const char* name() const noexcept { return extra_ ? extra_->name() : ""; }
  TaskExtra& extra() { return *(extra_ ? extra_ : extra_ = TaskExtra::make({})); }
  TaskExtra* extra_if_any() const noexcept { return extra_; }
  void set_name(std::string_view text) noexcept;  // it does without one when there is no memory

  Ref<ContextNode> owner;
  PromiseBase* innermost;  // the frame that runs or waits
  std::uint64_t id = 0;
  TimePoint started{};
  TimePoint waits_since{};
  TaskExtra* extra_ = nullptr;  // made when it is needed
  std::uint32_t bytes = 0;      // of all frames
  std::uint16_t site = 0;
  WaitKind wait : 5 = WaitKind::none;
  bool in_scope : 1 = false;        // it is a ScopedTaskRecord
  bool returns_result : 1 = false;  // Task<Result<>> rather than Task<void>
  bool running : 1 = false;         // or its frames are being destroyed
  bool ended : 1 = false;           // the first frame is at its end
  bool doomed : 1 = false;          // never resumed again: to be destroyed as soon as its frames may go
  bool detached : 1 = false;
  bool orphan : 1 = false;
  bool leaked : 1 = false;
  bool uncancellable : 1 = false;  // waits on an operation without a cancellation path
  bool stranded : 1 = false;       // nothing can ever wake it
};

struct ScopedTaskRecord final : TaskRecord, Hook<InScope> {
  ScopedTaskRecord(ContextNode& context, PromiseBase& root, Scope& s) noexcept
      : TaskRecord(context, root), scope(&s) {
    in_scope = true;
  }
  Scope* scope;  // null: it has gone
};
inline Scope* TaskRecord::scope() const noexcept {
  return in_scope ? static_cast<const ScopedTaskRecord*>(this)->scope : nullptr;
}

// What runs on this thread now.
struct Current {
  TaskRecord* task = nullptr;
  std::exception_ptr* exception = nullptr;  // of a frame that ended with it, for the one that awaits it
  std::coroutine_handle<> next;             // where the trampoline goes on
  std::uint32_t new_frame_bytes = 0;        // from operator new to the promise's constructor
};
inline constinit thread_local Current current{};

// Goes on with `h` when the running frame has suspended.
inline void go_on_with(std::coroutine_handle<> h) noexcept { current.next = h; }

}  // namespace leash::detail
