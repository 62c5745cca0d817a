// SPDX-License-Identifier: BSL-1.0
#pragma once
// The awaiter of select. Internal; the public header is leash/select.hpp.

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/detail/operation_state.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/task.hpp"

namespace leash::detail {

struct Otherwise {};

template <class R>
using Alternative = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

template <class Case>
concept IsOperation = requires(Case& one) {
  one.operation();
};

template <bool HasDefault, class... Cases>
class [[nodiscard]] Select : public Waiting<Cases...> {
  template <bool, class... R>
  struct Variant {
    using type = std::variant<R...>;
  };
  template <class... R>
  struct Variant<true, R...> {
    using type = std::variant<R..., std::monostate>;
  };

 public:
  using Outcome =
      typename Variant<HasDefault, Alternative<decltype(std::declval<Cases&>().result())>...>::type;

  explicit Select(Cases... cases) : Waiting<Cases...>(WaitKind::select, true, std::move(cases)...) {}

  bool await_ready() {
    const bool ready = Waiting<Cases...>::await_ready();
    if (!HasDefault || this->chosen != Selection::none) return ready;
    this->chosen = sizeof...(Cases);
    return may_go_on(*this->task);
  }

  Outcome await_resume() { return outcome(std::index_sequence_for<Cases...>()); }

  // Checks all of them. Returns one that has not ended yet, or null.
  OperationState* stop_operations() noexcept {
    OperationState* pending = nullptr;
    const auto stop = [&]<class Case>(Case& one) {
      if constexpr (IsOperation<Case>) {
        if (one.operation().is_complete()) return;
        one.operation().stop();
        pending = &one.operation();
      }
    };
    std::apply([&](auto&... each) { (stop(each), ...); }, this->cases_);
    return pending;
  }

 private:
  template <std::size_t... I>
  Outcome outcome(std::index_sequence<I...>) {
    std::optional<Outcome> result;
    const auto take = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
      if (this->chosen != static_cast<int>(Index)) return;
      if constexpr (std::is_void_v<decltype(std::get<Index>(this->cases_).result())>) {
        result.emplace(std::in_place_index<Index>);
      } else {
        result.emplace(std::in_place_index<Index>, std::get<Index>(this->cases_).result());
      }
    };
    (take(std::integral_constant<std::size_t, I>()), ...);
    if constexpr (HasDefault) {
      if (!result) result.emplace(std::in_place_index<sizeof...(Cases)>);
    }
    return std::move(*result);
  }
};

// The types that select converts to cases. (detail/operation.hpp has operations.)
template <class Case>
Case case_of(Await<Case>&& awaiter) {
  return std::move(awaiter).take_case();
}
template <class T>
using CaseOf = decltype(case_of(std::declval<T>()));
template <class T>
concept HasCase = requires {
  typename CaseOf<T>;
};

template <class T>
inline constexpr bool is_otherwise = std::is_same_v<std::remove_cvref_t<T>, Otherwise>;
template <class... T>
inline constexpr bool ends_with_otherwise = false;
template <class First, class... Rest>
inline constexpr bool ends_with_otherwise<First, Rest...> = ends_with_otherwise<Rest...>;
template <class Last>
inline constexpr bool ends_with_otherwise<Last> = is_otherwise<Last>;

template <bool HasDefault, class... Cases>
Task<typename Select<HasDefault, Cases...>::Outcome> select_with_operations(
    Select<HasDefault, Cases...> awaiter) {
  auto outcome = co_await awaiter;
  for (OperationState* pending = awaiter.stop_operations(); pending; pending = awaiter.stop_operations()) {
    OperationEnd end(*pending);
    co_await end;
  }
  co_return outcome;
}

template <bool HasDefault, class... Arguments>
auto select_of(Arguments&&... arguments) {
  using Awaiter = Select<HasDefault, CaseOf<Arguments>...>;
  if constexpr ((IsOperation<CaseOf<Arguments>> || ...)) {
    return select_with_operations<HasDefault, CaseOf<Arguments>...>(
        Awaiter(case_of(std::forward<Arguments>(arguments))...));
  } else {
    return Awaiter(case_of(std::forward<Arguments>(arguments))...);
  }
}

}  // namespace leash::detail
