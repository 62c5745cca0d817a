// SPDX-License-Identifier: BSL-1.0
#pragma once
// The coroutine type.
//
// What it is     Task<T> is lazy: it runs when another Task awaits it, or when go() or a Scope starts it.
// Requires       inside a Task, co_await takes a Task, an awaiter of this library, or an Asio operation with
//                via(ctx).
// Guarantees     each co_await records its file and line, so that reports say where a parked task waits. One allocation
//                per frame, from a pool. The stack does not grow with the number of awaits.
// Threads        the thread of the loop that runs it.
// Misuse         using a moved-from Task, and a Task with a value that ends without co_return, end the process with a
//                message.
// Lifetime       a Task that was never started destroys its frame. Parameters are copied into the frame, so take a
//                Context by value: the object behind a reference may be gone when the task runs. Captures of a lambda
//                are not copied: give the lambda itself to go(), which keeps it, or pass them as parameters.
//
//   leash::Task<leash::Result<std::string>> read_line(leash::Context ctx, Socket& socket) {
//     std::string line;
//     auto n = co_await asio::async_read_until(socket, asio::dynamic_buffer(line), '\n', leash::via(ctx));
//     if (!n) co_return std::unexpected(n.error());
//     co_return line;
//   }

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "leash/detail/promise.hpp"
#include "leash/error.hpp"

namespace leash {

template <class T>
class [[nodiscard]] Task : public detail::NotForAwaitable {
 public:
  using promise_type = detail::Promise<T>;
  static_assert(std::is_void_v<T> || alignof(std::optional<std::conditional_t<std::is_void_v<T>, int, T>>) <=
                                         detail::promise_alignment,
                "the result of a Task must not be over-aligned");

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Gives up the frame; the caller owns it.
  promise_type& release() noexcept {
    check(static_cast<bool>(frame_), "Task used after it was moved from");
    return std::exchange(frame_, nullptr).promise();
  }

 private:
  friend detail::PromiseCommon<T>;
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

}  // namespace leash
