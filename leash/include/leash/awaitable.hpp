// SPDX-License-Identifier: BSL-1.0
#pragma once
// asio::awaitable beside leash::Task: each can await the other.
//
// What it is     await(ctx, awaitable) inside a Task; adopt(ctx, awaitable), which makes a Task of one; go(ctx, awaitable)
//                and Scope::go(awaitable), which start one, or a function that returns one; as_awaitable(ctx, task)
//                inside an asio::awaitable; via(ctx, asio::use_awaitable), which puts an operation there under a
//                context; and leash::co_spawn(ctx, executor, awaitable, token), which makes a context the owner of a
//                coroutine.
// Requires       the awaitable's executor can be made from that of the loop's io_context: any_io_executor,
//                io_context's own, and strands of these. Its value may be of any type that Asio can return.
// Guarantees     when the context is done, a coroutine that is awaited gets a terminal cancellation through
//                its slot. A std::system_error that leaves it is the error of the Result, the context's own when the
//                context caused it; any other exception is rethrown. What leaves one that go() started reaches the
//                loop's on_exception as it was thrown, unless the context caused it. The value of one that go() or a
//                scope started is dropped; a Result without a value is the error of its task. An asio::awaitable that
//                awaits a task gets errc::canceled when the task is destroyed before its end.
// Threads        the loop's thread; the asio::awaitable runs on the loop's io_context.
// Misuse         co_spawn with an executor of another io_context ends the process with a message.
// Lifetime       a Task that is reaped while it awaits has the coroutine canceled, and its frames, with those
//                of the tasks that hold the scopes it is in, stay until that has ended. A scope that is
//                destroyed without join keeps the frames of its tasks likewise, but not its own task's. A function is
//                kept, with its captures, until its coroutine has ended.
//
//   leash::Task<leash::Result<std::size_t>> read(leash::Context ctx, Socket& socket) {
//     auto n = co_await leash::await(ctx, old_code(socket));  // asio::awaitable<std::size_t>
//     co_return n;
//   }

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/adopted.hpp"
#include "leash/detail/awaitable_bridge.hpp"
#include "leash/go.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace leash {

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

/// A context as the owner of a coroutine that no task awaits: see leash/co_spawn.hpp. The executor is one of the loop's
/// io_context. When the context is done the coroutine gets a terminal cancellation, and again when its next operation
/// starts; under observe(ctx) it gets none.
struct ObservedContext {
  Context ctx;
};
inline ObservedContext observe(const Context& ctx) noexcept { return {ctx}; }

template <class Executor, class T, class Of, class Token>
requires std::is_convertible_v<const Executor&, Of>
auto co_spawn(const Context& ctx, const Executor& executor, asio::awaitable<T, Of> coroutine, Token&& token) {
  auto tie = detail::tie_to(ctx, Of(executor));
  auto owner = tie->state();
  return detail::standalone::spawn(std::move(owner), std::move(tie), executor, std::move(coroutine),
                                   std::forward<Token>(token));
}
template <class Executor, class T, class Of, class Token>
requires std::is_convertible_v<const Executor&, Of>
auto co_spawn(const ObservedContext& observed, const Executor& executor, asio::awaitable<T, Of> coroutine,
              Token&& token) {
  auto tie = detail::tie_to(observed.ctx, Of(executor));
  auto owner = tie->state();
  return detail::standalone::spawn_observed(std::move(owner), std::move(tie), executor, std::move(coroutine),
                                            std::forward<Token>(token));
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

/// Starts make(child of ctx), a Task<T>, and waits for its end: the child is canceled when the asio::awaitable
/// is. What leaves the task is thrown; the error of a Result is returned in it. T has a default constructor.
template <class Make>
requires std::invocable<Make, Context>
auto as_awaitable(Context ctx, Make make, std::source_location where = std::source_location::current()) {
  using T = typename detail::ResultOfTask<std::invoke_result_t<Make, Context>>::type;
  asio::use_awaitable_t<> token;
  return asio::async_initiate<asio::use_awaitable_t<>, typename detail::SignatureOf<T>::type>(
      detail::StartTask<T>(), token, std::move(ctx), std::move(make), where);
}
/// The same for a task that was made already. Its waits are under the contexts it was made with, so a cancel of
/// the asio::awaitable does not end them: it only makes the task an orphan.
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
/// gives or throws what use_awaitable does, with the context's error when the context caused it. Under a done
/// context the operation is not started; one whose result has no default, or that gives no error, is started and
/// canceled at once.
inline ViaAwaitable via(const Context& ctx, asio::use_awaitable_t<>) noexcept { return ViaAwaitable(ctx); }

}  // namespace leash

template <class... Args>
class asio::async_result<leash::ViaAwaitable, void(Args...)> {
 public:
  template <class Initiation, class... InitArgs>
  static auto initiate(Initiation initiation, leash::ViaAwaitable token, InitArgs... args) {
    asio::use_awaitable_t<> awaited;
    return asio::async_initiate<asio::use_awaitable_t<>, void(std::decay_t<Args>...)>(
        leash::detail::StartLinked<std::decay_t<Args>...>(), awaited, token.ctx(), std::move(initiation),
        std::move(args)...);
  }
};
