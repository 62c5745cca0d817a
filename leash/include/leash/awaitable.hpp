// SPDX-License-Identifier: BSL-1.0
#pragma once
// asio::awaitable beside leash::Task: each can await the other.
//
// What it is     await(ctx, awaitable) inside a Task; go(ctx, awaitable) and adopt(ctx, awaitable), which
//                makes a Task of one; as_awaitable(ctx, task) inside an asio::awaitable; and
//                via(ctx, asio::use_awaitable), which puts an operation there under a context.
// Guarantees     when the context is done, a coroutine that is awaited gets a terminal cancellation through
//                its slot. It is one opaque frame in reports: what it awaits is not seen. A std::system_error
//                that leaves it is the error of the Result, the context's own when the context caused it; any
//                other exception is rethrown. What leaves one that go() started reaches the loop's
//                on_exception, unless the context caused it. An asio::awaitable that awaits a task gets
//                errc::canceled when the task is destroyed before its end.
// Threads        the loop's thread; the asio::awaitable runs on the loop's io_context.
// Lifetime       a Task that is reaped while it awaits has the coroutine canceled, and its frames, with those
//                of the tasks that hold the scopes it is in, stay until that has ended. A scope that is
//                destroyed without join keeps the frames of its tasks likewise, but not its own task's.
//
//   leash::Task<leash::Result<std::size_t>> read(leash::Context ctx, Socket& socket) {
//     auto n = co_await leash::await(ctx, old_code(socket));  // asio::awaitable<std::size_t>
//     co_return n;
//   }

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <concepts>
#include <exception>
#include <source_location>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/awaitable_bridge.hpp"
#include "leash/go.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace leash {

/// Result<T>, or Result<> for void. The coroutine starts when this is called.
template <class T>
auto await(const Context& ctx, asio::awaitable<T> coroutine) {
  Via token = via(ctx);
  return asio::co_spawn(ctx.node().signal->loop->io(), std::move(coroutine), token);
}

/// A Task that awaits it under `ctx`; for go and Scope::go. (asio::awaitable<void>)
inline Task<Result<>> adopt(Context ctx, asio::awaitable<void> coroutine) {
  auto ended = await(ctx, std::move(coroutine));
  const Result<> result = co_await std::move(ended);
  co_return result;
}

namespace detail {

/// An exception that leaves it reaches the loop as it was thrown. Not one that says that it was told to stop.
inline Task<Result<>> run_alone(Context ctx, asio::awaitable<void> coroutine) {
  auto ended = await(ctx, std::move(coroutine));
  const Result<> result = co_await ended;
  const bool told_to_stop = !result && is_cancellation(result.error()) && nothing_remains(*ctx.node().signal);
  if (!result && !told_to_stop) std::rethrow_exception(std::get<0>(*ended.arguments()));
  co_return result;
}

}  // namespace detail

inline void go(const Context& ctx, asio::awaitable<void> coroutine, std::string_view name = {},
               std::source_location where = std::source_location::current()) {
  go(ctx, detail::run_alone(ctx, std::move(coroutine)), name, where);
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
