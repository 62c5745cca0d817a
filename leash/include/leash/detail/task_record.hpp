// SPDX-License-Identifier: BSL-1.0
#pragma once
// The loop's record of each task, and the part of a frame that describes it. Internal.

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

// The part of every promise that does not depend on the result type.
struct PromiseBase {
  explicit PromiseBase(std::source_location definition) noexcept;

  std::coroutine_handle<> handle() noexcept;

  PromiseBase* parent = nullptr;  // the frame that awaits this one
  PromiseBase** holder =
      nullptr;                 // where the awaiting frame stores this one; cleared if it is destroyed early
  std::source_location where;  // of its current co_await; before the first one, of its definition
  std::uint32_t bytes;
  std::int32_t waits_in =
      0;  // where the Selection lies that its task waits in, from here; 0: in none, or not in the frame
};

// PromiseBase is the first base of each promise, which has no stricter alignment. So the base is at the same place in
// every frame, and the handle can be made from it.
inline constexpr std::size_t promise_alignment = 16;
struct alignas(promise_alignment) AlignedPromiseBase : PromiseBase {
  using PromiseBase::PromiseBase;
};
inline std::coroutine_handle<> PromiseBase::handle() noexcept {
  return std::coroutine_handle<AlignedPromiseBase>::from_promise(static_cast<AlignedPromiseBase&>(*this));
}

struct Operation;
struct Ready;      // tag: the queue of tasks that are ready to run, or the list of tasks to destroy
struct InScope;    // tag: the tasks of a scope
struct HeldScope;  // tag: the scopes that a task made

// Optional data of a task: a name, and the operations that its frames must outlive. Allocated from the frame pool.
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

// There may be a million records, so members are ordered by size, and data of the owner is not stored twice.
struct TaskRecord : Hook<TaskRecord>, Hook<Ready>, Dependent {
  TaskRecord(ContextNode& context, PromiseBase& root) noexcept;
  ~TaskRecord() {
    if (extra_) extra_->release();
  }

  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }

  Role role() const noexcept { return owner->role; }
  // The time since which it is an orphan: the end of its owner, or its own start.
  TimePoint orphan_since() const noexcept { return std::max(started, owner->signal->done_at); }

  LoopState& loop() const noexcept { return *owner->signal->loop; }
  Scope* scope() const noexcept;        // null: started by go()
  TaskRecord* holder() const noexcept;  // the task that holds its scope
  const char* name() const noexcept { return extra_ ? extra_->name() : ""; }
  TaskExtra& extra() { return *(extra_ ? extra_ : extra_ = TaskExtra::make({})); }
  TaskExtra* extra_if_any() const noexcept { return extra_; }
  void set_name(std::string_view text) noexcept;  // without memory it has no name

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
  bool running : 1 = false;         // it runs, or its frames are being destroyed
  bool ended : 1 = false;           // the first frame is at its end
  bool doomed : 1 = false;          // never resumed again; destroyed as soon as its frames may be destroyed
  bool detached : 1 = false;
  bool orphan : 1 = false;
  bool leaked : 1 = false;
  bool uncancellable : 1 = false;  // waits on an operation that cannot be canceled
  bool stranded : 1 = false;       // nothing can ever wake it
};

struct ScopedTaskRecord final : TaskRecord, Hook<InScope> {
  ScopedTaskRecord(ContextNode& context, PromiseBase& root, Scope& s) noexcept
      : TaskRecord(context, root), scope(&s) {
    in_scope = true;
  }
  Scope* scope;  // null if it was destroyed
};
inline Scope* TaskRecord::scope() const noexcept {
  return in_scope ? static_cast<const ScopedTaskRecord*>(this)->scope : nullptr;
}

// The state of the code that runs on this thread.
struct Current {
  TaskRecord* task = nullptr;
  std::exception_ptr* exception = nullptr;  // the exception of a frame, for the frame that awaits it
  std::coroutine_handle<> next;             // the frame that the trampoline resumes next
  std::uint32_t new_frame_bytes = 0;        // from operator new to the promise's constructor
};
inline constinit thread_local Current current{};

// Resumes `h` after the running frame has suspended.
inline void go_on_with(std::coroutine_handle<> h) noexcept { current.next = h; }

}  // namespace leash::detail
