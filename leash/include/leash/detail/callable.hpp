// SPDX-License-Identifier: BSL-1.0
#pragma once
// Functions that return a task, wherever a task is taken: they are kept in the task's first frame, and so are their
// captures. Internal. (Frames of coroutines in detail/ are not in reports.)

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace leash::detail {

// With the context if the function takes one.
template <class F>
decltype(auto) call(F& f, [[maybe_unused]] Context ctx) requires(std::invocable<F&, Context> ||
                                                                 std::invocable<F&>) {
  if constexpr (std::invocable<F&, Context>) {
    return f(std::move(ctx));
  } else {
    return f();
  }
}
template <class F>
using Called = decltype(call(std::declval<F&>(), std::declval<Context>()));

template <class T>
struct TaskTraits {
  static constexpr bool is_task = false;
};
template <class T>
struct TaskTraits<Task<T>> {
  static constexpr bool is_task = true;
  using type = T;
};

template <class F>
concept MakesTask = requires {
  typename Called<F>;
}
&&TaskTraits<Called<F>>::is_task;

// What go() and a scope start: another value would be lost.
template <class T>
concept Startable = std::same_as<T, Task<>> || std::same_as<T, Task<Result<>>>;
template <class F>
concept MakesStartable = MakesTask<F> && Startable<Called<F>>;

template <class F>
Called<F> run(F f, Context ctx) {
  auto task = call(f, std::move(ctx));
  if constexpr (std::is_void_v<typename TaskTraits<Called<F>>::type>) {
    co_await std::move(task);
  } else {
    auto result = co_await std::move(task);
    co_return result;
  }
}

// What is left of a task's result when failures are taken out: Result<T> is T.
template <class T>
struct ValueOfResult {
  using type = T;
};
template <class T>
struct ValueOfResult<Result<T>> {
  using type = T;
};
template <class F>
using ValueOf = typename ValueOfResult<typename TaskTraits<Called<F>>::type>::type;

// A value for what has none.
template <class T>
using Something = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// A task that was made already, as a function.
template <class T>
class Given {
 public:
  explicit Given(Task<T> task) noexcept : task_(std::move(task)) {}
  Task<T> operator()() noexcept { return std::move(task_); }

 private:
  Task<T> task_;
};
template <class T>
Given<T> as_function(Task<T> task) noexcept {
  return Given<T>(std::move(task));
}
template <MakesTask F>
F as_function(F f) {
  return f;
}
template <class T>
concept TaskOrFunction = MakesTask<T> || TaskTraits<T>::is_task;

// The value of the task, or its error; an exception goes through.
template <class F>
Task<Result<ValueOf<F>>> value_of(F f, Context ctx) {
  auto task = call(f, std::move(ctx));
  if constexpr (std::is_void_v<typename TaskTraits<Called<F>>::type>) {
    co_await std::move(task);
    co_return {};
  } else {
    auto result = co_await std::move(task);
    co_return result;
  }
}

// What is no task and can become one: leash/awaitable.hpp says so of asio::awaitable, and how.
template <class T>
struct Foreign {
  static constexpr bool is_foreign = false;
};
template <class T>
concept ForeignCoroutine = Foreign<T>::is_foreign;
template <class F>
concept MakesForeign = requires {
  typename Called<F>;
}
&&ForeignCoroutine<Called<F>>;
template <class T>
concept ForeignOrFunction = ForeignCoroutine<T> || MakesForeign<T>;

// What becomes of a std::system_error that leaves it.
enum class Exceptions : std::uint8_t { as_thrown, as_errors };

template <MakesForeign F>
Task<Result<>> adopted(F f, Context ctx, Exceptions exceptions) {
  return Foreign<Called<F>>::run(std::move(f), std::move(ctx), exceptions);
}
template <ForeignCoroutine T>
Task<Result<>> adopted(T coroutine, Context ctx, Exceptions exceptions) {
  auto give = [kept = std::move(coroutine)]() mutable { return std::move(kept); };
  return Foreign<T>::run(std::move(give), std::move(ctx), exceptions);
}

// For a message about a type that does not fit.
template <class...>
inline constexpr bool never = false;

}  // namespace leash::detail
