// SPDX-License-Identifier: BSL-1.0
#pragma once
// Lets a task await an asio::awaitable, and starts one as a task. Internal; the public header is leash/awaitable.hpp.
// (Reports leave out frames of coroutines in detail/.)

#include <exception>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/asio_awaitable.hpp"
#include "leash/detail/callable.hpp"
#include "leash/detail/context_owner.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/owner_state.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace leash::detail {
inline namespace LEASH_FLAVOR {

// Ends the owner of a coroutine together with the context, on whose loop the coroutine runs.
template <class Executor>
std::shared_ptr<ContextOwner> tie_to(const Context& ctx, const Executor& executor) {
  using As = asio::execution::context_as_t<asio::execution_context&>;
  asio::execution_context& runs_on = asio::query(executor, As());
  check(&runs_on == ctx.node().signal->loop->execution_context(),
        "leash::co_spawn was called with a context and an executor of another io_context than that of the "
        "context's loop: give the coroutine a leash::Owner instead");
  return std::make_shared<ContextOwner>(ctx);
}

template <class T, class Executor>
auto start_foreign(const Context& ctx, asio::awaitable<T, Executor> coroutine) {
  static_assert(std::is_constructible_v<Executor, asio::io_context::executor_type>,
                "an asio::awaitable that a task awaits runs on the loop's io_context: its executor must be "
                "constructible from the executor of that io_context");
  LoopState& loop = *ctx.node().signal->loop;
  check_flavor(loop);
  const Executor executor(io_context_of(loop).get_executor());
  auto awaited = std::make_shared<AwaitedCoroutine>();
  if (current.task) {
    awaited->task = current.task->id;
    awaited->loop = &current.task->loop();
  }
  auto tie = std::make_shared<ContextOwner>(ctx);
  Ownership ownership{tie->state(), {}, awaited};
  of_coroutines::OwnedCoroutine<T, Executor> its(std::move(coroutine), std::move(ownership), std::move(tie));
  Via token = via(ctx);
  auto ended = asio::co_spawn(executor, std::move(its), token);
  ended.operation().set_coroutine(std::move(awaited));
  return ended;
}

template <class T, class Executor>
Task<Result<T>> value_of_foreign(Context ctx, asio::awaitable<T, Executor> coroutine) {
  auto ended = start_foreign(ctx, std::move(coroutine));
  Result<T> result = co_await std::move(ended);
  co_return result;
}

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

// `f` returns the coroutine. Its value is dropped; a Result with an error is the task's error.
template <class F>
Task<Result<>> run_foreign(F f, Context ctx, Exceptions exceptions) {
  auto coroutine = call(f, ctx);
  auto ended = start_foreign(ctx, std::move(coroutine));
  const auto result = co_await ended;
  if (!result) {
    const bool told_to_stop = is_cancellation(result.error()) && nothing_remains(*ctx.node().signal);
    if (exceptions == Exceptions::as_thrown && !told_to_stop)
      std::rethrow_exception(std::get<0>(*ended.arguments()));
    co_return std::unexpected(result.error());
  }
  if constexpr (is_result<typename std::decay_t<decltype(result)>::value_type>) {
    if (!*result) co_return std::unexpected(result->error());
  }
  co_return Result<>();
}

}  // namespace LEASH_FLAVOR

template <class T, class Executor>
struct Foreign<asio::awaitable<T, Executor>> {
  static constexpr bool is_foreign = true;
  template <class F>
  static Task<Result<>> run(F f, Context ctx, Exceptions exceptions) {
    return run_foreign(std::move(f), std::move(ctx), exceptions);
  }
};

}  // namespace leash::detail
