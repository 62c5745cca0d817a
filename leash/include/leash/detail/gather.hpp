// SPDX-License-Identifier: BSL-1.0
#pragma once
// The coroutines of gather(). Internal; the public header is leash/gather.hpp.

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "leash/context.hpp"
#include "leash/detail/callable.hpp"
#include "leash/error.hpp"
#include "leash/scope.hpp"
#include "leash/task.hpp"

namespace leash::detail {

template <class F>
Task<Result<>> gather_one(F f, Context ctx, std::optional<Something<ValueOf<F>>>& to) {
  auto task = value_of(std::move(f), std::move(ctx));
  auto result = co_await std::move(task);
  if (!result) co_return std::unexpected(result.error());
  if constexpr (std::is_void_v<ValueOf<F>>) {
    to.emplace();
  } else {
    to.emplace(std::move(*result));
  }
  co_return {};
}

template <class... F>
using Gathered =
    std::conditional_t<(std::is_void_v<ValueOf<F>> && ...), void, std::tuple<Something<ValueOf<F>>...>>;

template <class... F>
Task<Result<Gathered<F...>>> run_gather(Context ctx, F... f) {
  std::tuple<std::optional<Something<ValueOf<F>>>...> values;
  Scope scope(ctx);
  const auto start = [&]<std::size_t... I>(std::index_sequence<I...>) {
    (scope.go(gather_one(std::move(f), scope.ctx(), std::get<I>(values))), ...);
  };
  start(std::index_sequence_for<F...>());
  const auto joined = co_await scope.join();
  if (!joined) co_return std::unexpected(joined.error());
  if constexpr (std::is_void_v<Gathered<F...>>) {
    co_return {};
  } else {
    co_return std::apply([](auto&... each) { return Gathered<F...>(std::move(*each)...); }, values);
  }
}

template <class T>
using FunctionOf = decltype(as_function(std::declval<T>()));

template <class T>
using GatheredAll = std::conditional_t<std::is_void_v<ValueOf<FunctionOf<T>>>, void,
                                       std::vector<Something<ValueOf<FunctionOf<T>>>>>;

template <class T>
Task<Result<GatheredAll<T>>> run_gather_all(Context ctx, std::vector<T> tasks) {
  std::vector<std::optional<Something<ValueOf<FunctionOf<T>>>>> values(tasks.size());
  Scope scope(ctx);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    scope.go(gather_one(as_function(std::move(tasks[i])), scope.ctx(), values[i]));
  }
  const auto joined = co_await scope.join();
  if (!joined) co_return std::unexpected(joined.error());
  if constexpr (std::is_void_v<GatheredAll<T>>) {
    co_return {};
  } else {
    GatheredAll<T> all;
    all.reserve(values.size());
    for (auto& value : values) all.push_back(std::move(*value));
    co_return all;
  }
}

}  // namespace leash::detail
