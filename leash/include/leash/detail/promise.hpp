// SPDX-License-Identifier: BSL-1.0
#pragma once
// The promise of a task's frames, and how one frame awaits another. Internal; the public header is
// leash/task.hpp.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "leash/detail/frame_pool.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/detail/tracking.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash {

template <class T = void>
class Task;

namespace detail {

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

void enter_frame(TaskRecord& task, PromiseBase& frame) noexcept;
void leave_frame(TaskRecord& task, PromiseBase& frame) noexcept;

// The exception with which a frame has ended; the frame that awaits it resumes next.
inline void rethrow_exception() {
  if (*current.exception) std::rethrow_exception(std::exchange(*current.exception, nullptr));
}

// Refers to the awaiter, which exists until the end of the full expression. (GCC 12 copies the object of a reference
// that await_transform returns.)
template <Awaiter A>
class AwaiterRef {
 public:
  explicit AwaiterRef(A& awaiter) noexcept : awaiter_(awaiter) {}
  bool await_ready() const { return awaiter_.await_ready(); }
  void await_suspend(std::coroutine_handle<> frame) const { awaiter_.await_suspend(frame); }
  decltype(auto) await_resume() const { return awaiter_.await_resume(); }

 private:
  A& awaiter_;
};

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> frame) const noexcept {
    PromiseBase& promise = frame.promise();
    TaskRecord& task = *current.task;
    if (promise.parent) {
      leave_frame(task, promise);
      go_on_with(promise.parent->handle());
    } else {
      task.ended = true;
    }
  }
  void await_resume() const noexcept {}
};

template <class T>
struct Promise;

template <class T>
class TaskAwaiter {
 public:
  explicit TaskAwaiter(Task<T>&& task) noexcept : frame_(&task.release()) {}
  TaskAwaiter(const TaskAwaiter&) = delete;
  TaskAwaiter& operator=(const TaskAwaiter&) = delete;
  ~TaskAwaiter() {
    if (frame_) frame_->handle().destroy();
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) noexcept {
    frame_->holder = &frame_;
    enter_frame(*current.task, *frame_);
    go_on_with(frame_->handle());
  }
  T await_resume() { return static_cast<Promise<T>*>(frame_)->take(); }

 private:
  PromiseBase* frame_;
};

template <class T>
struct PromiseCommon : AlignedPromiseBase {
  explicit PromiseCommon(std::source_location definition) noexcept : AlignedPromiseBase(definition) {}

  static void* operator new(std::size_t size) {
    void* memory = frame_allocate(size);
    current.new_frame_bytes = static_cast<std::uint32_t>(size);
    return memory;
  }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }

  Task<T> get_return_object() noexcept {
    static_assert(alignof(Promise<T>) == promise_alignment);
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(static_cast<Promise<T>&>(*this)));
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept {
    check(current.exception != nullptr,
          "a destructor threw an exception while the frame of a task was destroyed");
    *current.exception = std::current_exception();
  }

  template <class U>
  TaskAwaiter<U> await_transform(Task<U>&& task,
                                 std::source_location at = std::source_location::current()) noexcept {
    if constexpr (tracking) where = at;
    return TaskAwaiter<U>(std::move(task));
  }
  template <Awaiter A>
  AwaiterRef<std::remove_reference_t<A>> await_transform(
      A&& awaiter, std::source_location at = std::source_location::current()) noexcept {
    if constexpr (tracking) where = at;
    return AwaiterRef<std::remove_reference_t<A>>(awaiter);
  }
  template <class A>
  requires(!Awaiter<A> && (!is_task<std::remove_cvref_t<A>> ||
                           std::is_lvalue_reference_v<A>)) std::suspend_never await_transform(A&&) {
    static_assert(!is_task<std::remove_cvref_t<A>>, "a Task is awaited once: co_await std::move(task)");
    static_assert(
        is_task<std::remove_cvref_t<A>> || Awaiter<A>,
        "inside a leash::Task, co_await takes a Task, an awaiter of leash, or an Asio operation called "
        "with leash::via(ctx)");
    return {};
  }
};

template <class T>
struct Promise : PromiseCommon<T> {
  explicit Promise(std::source_location definition = std::source_location::current()) noexcept
      : PromiseCommon<T>(definition) {}
  // For a coroutine that returns a value, reaching the end is undefined behavior. Compilers continue here.
  FinalAwaiter final_suspend() const noexcept {
    if (!value && !*current.exception) [[unlikely]]
      fail("a coroutine that returns a value ended without co_return", this->where);
    return {};
  }
  template <class U = T>
  requires std::is_constructible_v<T, U&&>
  void return_value(U&& v) { value.emplace(std::forward<U>(v)); }
  T take() {
    rethrow_exception();
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseCommon<void> {
  explicit Promise(std::source_location definition = std::source_location::current()) noexcept
      : PromiseCommon<void>(definition) {}
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  void take() { rethrow_exception(); }
};

}  // namespace detail
}  // namespace leash
