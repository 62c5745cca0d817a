// SPDX-License-Identifier: BSL-1.0
#pragma once
// Interoperation of asio::awaitable and leash::Task: each can await the other.
//
// What it is     inside a Task: await(ctx, awaitable), and adopt(ctx, awaitable), which makes a Task of an awaitable.
//                To start an awaitable or a function that returns one: go(ctx, awaitable), Scope::go(awaitable).
//                Inside an asio::awaitable: as_awaitable(ctx, task), and via(ctx, asio::use_awaitable), which runs
//                an operation under a context. leash::co_spawn(ctx, executor, awaitable, token) makes a context the
//                owner of a coroutine.
// Requires       the awaitable's executor can be constructed from that of the loop's io_context: any_io_executor,
//                io_context's own executor, and strands of these. Its value may have any type that Asio can return.
// Guarantees     when the context is done, the awaited coroutine gets a terminal cancellation through its slot. A
//                std::system_error that escapes it becomes the error of the Result, the context's own error if the
//                context caused it; any other exception is rethrown. An exception that escapes a coroutine started by
//                go() reaches the loop's on_exception unchanged, unless the context caused it. The value of a
//                coroutine started by go() or a scope is dropped; a Result without a value is the error of its task.
//                An asio::awaitable that awaits a task gets errc::canceled if the task is destroyed before its end.
// Threads        the loop's thread; the asio::awaitable runs on the loop's io_context.
// Misuse         co_spawn with an executor of another io_context ends the process with a message.
// Lifetime       a Task that is reaped while it awaits a coroutine has the coroutine canceled; its frames, and those
//                of the tasks that hold its scopes, stay until the coroutine has ended. A scope that is destroyed
//                without join keeps the frames of its tasks in the same way, but not the frame of the task that holds
//                the scope. A function is kept, with its captures, until its coroutine has ended.
//
//   leash::Task<leash::Result<std::size_t>> read(leash::Context ctx, Socket& socket) {
//     auto n = co_await leash::await(ctx, old_code(socket));  // asio::awaitable<std::size_t>
//     co_return n;
//   }

#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/adopted.hpp"
#include "leash/detail/asio_awaitable.hpp"
#include "leash/detail/awaitable_bridge.hpp"
#include "leash/go.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace leash {
inline namespace LEASH_FLAVOR {

/// Result<T>, or Result<> for void. The coroutine starts when this is called.
template <class T, class Executor>
auto await(const Context& ctx, asio::awaitable<T, Executor> coroutine) {
  return detail::start_foreign(ctx, std::move(coroutine));
}

/// A Task that awaits it under `ctx`, for its value.
template <class T, class Executor>
Task<Result<T>> adopt(Context ctx, asio::awaitable<T, Executor> coroutine) {
  return detail::value_of_foreign(std::move(ctx), std::move(coroutine));
}

/// Makes a context the owner of a coroutine that no task awaits: see leash/co_spawn.hpp. The executor must belong to the
/// loop's io_context. When the context is done the coroutine gets a terminal cancellation, and again when its next
/// operation starts; under observe(ctx) it gets none.
struct ObservedContext {
  Context ctx;
};
inline ObservedContext observe(const Context& ctx) noexcept { return {ctx}; }

template <class Executor, class T, class Of, class Token>
requires std::is_convertible_v<const Executor&, Of>
auto co_spawn(const Context& ctx, const Executor& executor, asio::awaitable<T, Of> coroutine, Token&& token) {
  auto tie = detail::tie_to(ctx, Of(executor));
  auto owner = tie->state();
  return detail::of_coroutines::spawn(std::move(owner), std::move(tie), executor, std::move(coroutine),
                                      std::forward<Token>(token));
}
template <class Executor, class T, class Of, class Token>
requires std::is_convertible_v<const Executor&, Of>
auto co_spawn(const ObservedContext& observed, const Executor& executor, asio::awaitable<T, Of> coroutine,
              Token&& token) {
  auto tie = detail::tie_to(observed.ctx, Of(executor));
  auto owner = tie->state();
  return detail::of_coroutines::spawn_observed(std::move(owner), std::move(tie), executor,
                                               std::move(coroutine), std::forward<Token>(token));
}
template <class T, class Of, class Token>
auto co_spawn(const Context& ctx, asio::io_context& io, asio::awaitable<T, Of> coroutine, Token&& token) {
  return leash::co_spawn(ctx, io.get_executor(), std::move(coroutine), std::forward<Token>(token));
}
template <class T, class Of, class Token>
auto co_spawn(const ObservedContext& observed, asio::io_context& io, asio::awaitable<T, Of> coroutine,
              Token&& token) {
  return leash::co_spawn(observed, io.get_executor(), std::move(coroutine), std::forward<Token>(token));
}

/// Starts make(child of ctx), a Task<T>, and waits for its end; the child is canceled when the asio::awaitable is.
/// Exceptions of the task are rethrown; the error of a Result is returned in it. T must have a default constructor.
template <class Make>
requires std::invocable<Make, Context>
auto as_awaitable(Context ctx, Make make, std::source_location where = std::source_location::current()) {
  using T = typename detail::ResultOfTask<std::invoke_result_t<Make, Context>>::type;
  asio::use_awaitable_t<> token;
  return asio::async_initiate<asio::use_awaitable_t<>, typename detail::SignatureOf<T>::type>(
      detail::StartTask<T>(), token, std::move(ctx), std::move(make), where);
}
/// The same for a task that exists already. Its waits use the contexts it was made with, so canceling the
/// asio::awaitable does not end them: the task becomes an orphan.
template <class T>
asio::awaitable<T> as_awaitable(Context ctx, Task<T> task,
                                std::source_location where = std::source_location::current()) {
  return as_awaitable(std::move(ctx), detail::MadeAlready<T>(std::move(task)), where);
}

class ViaAwaitable {
 public:
  explicit ViaAwaitable(const Context& ctx) noexcept : ctx_(ctx) {}
  const Context& ctx() const noexcept { return ctx_; }

 private:
  Context ctx_;
};
/// Inside an asio::awaitable: `auto n = co_await socket.async_read_some(buffer, via(ctx, asio::use_awaitable));`
/// returns or throws what use_awaitable does, with the context's error if the context caused it. Under a done context
/// the operation is not started; an operation whose result has no default constructor, or no error, is started and
/// canceled at once.
inline ViaAwaitable via(const Context& ctx, asio::use_awaitable_t<>) noexcept { return ViaAwaitable(ctx); }

}  // namespace LEASH_FLAVOR
}  // namespace leash

template <class... Args>
class leash::asio::async_result<leash::ViaAwaitable, void(Args...)> {
 public:
  template <class Initiation, class... InitArgs>
  static auto initiate(Initiation initiation, leash::ViaAwaitable token, InitArgs... args) {
    leash::asio::use_awaitable_t<> awaited;
    return leash::asio::async_initiate<leash::asio::use_awaitable_t<>, void(std::decay_t<Args>...)>(
        leash::detail::StartLinked<std::decay_t<Args>...>(), awaited, token.ctx(), std::move(initiation),
        std::move(args)...);
  }
};
