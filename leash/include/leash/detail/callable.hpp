// SPDX-License-Identifier: BSL-1.0
#pragma once
// Accepts functions that return a task wherever a task is accepted. The first frame of the task keeps the function and
// its captures. Internal. (Reports leave out frames of coroutines in detail/.)

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace leash::detail {

// Passes the context if the function takes one.
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

// The tasks that go() and a scope accept. The value of another task would be lost.
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

// The value type of a task's result without failures: T for Result<T>.
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

// A value in place of void.
template <class T>
using Something = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// An existing task as a function.
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

// The value of the task, or its error. Exceptions are passed on.
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

// Converts other types to tasks. leash/awaitable.hpp specializes it for asio::awaitable.
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

// Handles a std::system_error that escapes it.
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

// For the message about a wrong type.
template <class...>
inline constexpr bool never = false;

}  // namespace leash::detail
