// SPDX-License-Identifier: BSL-1.0
#pragma once
// The awaiter of select. Internal: leash/select.hpp is what users see.

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/detail/waiting.hpp"

namespace leash::detail {

struct Otherwise {};

template <class R>
using Alternative = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

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

template <class... Cases>
auto select_now(Await<Cases>&&... cases) {
  return Select<true, Cases...>(std::move(cases).take_case()...);
}

template <class... T>
concept EndsWithOtherwise =
    sizeof...(T) > 1 && std::is_same_v<std::tuple_element_t<sizeof...(T) - 1, std::tuple<T...>>, Otherwise>;

}  // namespace leash::detail
