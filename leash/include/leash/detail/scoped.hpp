// SPDX-License-Identifier: BSL-1.0
#pragma once
// The coroutine of scoped(). Internal; the public header is leash/scoped.hpp.

#include <concepts>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/callable.hpp"
#include "leash/error.hpp"
#include "leash/scope.hpp"
#include "leash/task.hpp"

namespace leash::detail {

template <class Body>
concept ScopeBody = std::invocable<Body&, Scope&> && TaskTraits<std::invoke_result_t<Body&, Scope&>>::is_task;

template <ScopeBody Body>
using ScopedValue =
    typename ValueOfResult<typename TaskTraits<std::invoke_result_t<Body&, Scope&>>::type>::type;

template <ScopeBody Body>
Task<Result<ScopedValue<Body>>> run_scoped(Context ctx, Body body, std::source_location where) {
  Scope scope(ctx, where);
  std::optional<Result<ScopedValue<Body>>> outcome;  // empty if it threw
  std::exception_ptr exception;
  try {
    auto task = body(scope);
    if constexpr (std::is_void_v<typename TaskTraits<decltype(task)>::type>) {
      co_await std::move(task);
      outcome.emplace();
    } else {
      auto result = co_await std::move(task);
      outcome.emplace(std::move(result));
    }
  } catch (...) {
    exception = std::current_exception();
  }
  // If a task has failed first, the body was stopped because of it, so the result of the body does not count.
  const bool told_to_stop =
      scope.ctx().is_done() && outcome && !*outcome && is_cancellation(outcome->error());
  if (exception) scope.cancel();
  if (outcome && !*outcome) scope.cancel(outcome->error());
  Result<> joined;
  try {
    auto result = co_await scope.join();
    joined = result;
  } catch (...) {
    if (!exception && (told_to_stop || *outcome)) exception = std::current_exception();
  }
  if (exception) std::rethrow_exception(exception);
  if (!joined && (told_to_stop || *outcome)) co_return std::unexpected(joined.error());
  co_return std::move(*outcome);
}

}  // namespace leash::detail
