// SPDX-License-Identifier: BSL-1.0
#pragma once
// The coroutines of race(). Internal; the public header is leash/race.hpp.

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/context.hpp"
#include "leash/detail/callable.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/done.hpp"
#include "leash/error.hpp"
#include "leash/scope.hpp"
#include "leash/task.hpp"

namespace leash::detail {

template <class F>
inline constexpr bool is_given = false;
template <class T>
inline constexpr bool is_given<Given<T>> = true;

template <class First, class... Rest>
struct RaceValue {
  static constexpr bool is_one = (std::is_same_v<First, Rest> && ...);
  using type = std::conditional_t<is_one, First, std::variant<First, Rest...>>;
};

template <class Value>
struct Race {
  explicit Race(std::size_t racers) noexcept : running(racers) {}
  template <std::size_t Index, class V>
  void won(V value) {
    if constexpr (std::is_same_v<V, Value>) {
      winner.emplace(std::move(value));
    } else {
      winner.emplace(std::in_place_index<Index>, std::move(value));
    }
    decided.close();
  }
  // An exception that race does not rethrow is passed to the loop.
  void failed(std::error_code code, std::exception_ptr thrown) noexcept {
    if (!winner && !error && !exception) {
      error = code;
      exception = std::move(thrown);
    } else if (thrown) {
      current.task->loop().report_exception(std::move(thrown), current.task);
    }
    if (--running == 0) decided.close();
  }
  std::size_t running;
  std::optional<Value> winner;
  std::error_code error;  // of the first that failed
  std::exception_ptr exception;
  DoneSource decided;
};

template <std::size_t Index, class Value, class F>
Task<> racer(F f, Context ctx, Race<Value>& race) {
  std::exception_ptr exception;
  try {
    auto task = value_of(std::move(f), std::move(ctx));
    auto result = co_await std::move(task);
    if (race.winner) co_return;
    if (!result) {
      race.failed(result.error(), nullptr);
    } else if constexpr (std::is_void_v<ValueOf<F>>) {
      race.template won<Index>(std::monostate());
    } else {
      race.template won<Index>(std::move(*result));
    }
  } catch (...) {
    exception = std::current_exception();
  }
  if (exception) race.failed({}, std::move(exception));
}

template <class... F>
Task<Result<typename RaceValue<Something<ValueOf<F>>...>::type>> run_race(Context ctx, F... f) {
  using Value = typename RaceValue<Something<ValueOf<F>>...>::type;
  Race<Value> race(sizeof...(F));
  Scope given(ctx, OnFailure::keep_others);  // these are ended by force if they have not ended
  {
    Scope told(ctx, OnFailure::keep_others);
    const auto start = [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((is_given<F> ? given : told).go(racer<I, Value>(std::move(f), told.ctx(), race)), ...);
    };
    start(std::index_sequence_for<F...>());
    const Done decided = race.decided.done();
    co_await decided.wait();
    told.cancel(errc::finished);
    (void)co_await told.join();
  }
  if (race.winner) {
    if (race.exception) current.task->loop().report_exception(std::move(race.exception), nullptr);
    co_return std::move(*race.winner);
  }
  if (race.exception) std::rethrow_exception(race.exception);
  co_return std::unexpected(race.error);
}

}  // namespace leash::detail
