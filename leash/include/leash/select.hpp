#pragma once
// Waits for the first of several things (Go: select).
//
// What it is     select(cases...) over ch.receive(), ch.send(v), done.wait(), ctx.done(), sleep(d),
//                ticker.next(), and leash::otherwise as the last case for "do not wait".
// Guarantees     exactly one case is taken, the others are undone; among ready cases the choice is fair (Go's
//                pseudo-random choice).
// Result         a std::variant with an alternative for each case: index() says which, std::get<i>() what;
//                cases without a value have std::monostate.
// Threads        the loop's thread, inside a task.
// Lifetime       its cases hold their channel, done or context until it ends; a ticker outlives it.
//
//   auto r = co_await leash::select(numbers.receive(), ctx.done(), leash::sleep(1s));
//   if (r.index() == 0) use(std::get<0>(r));  // Result<int>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "leash/detail/waiting.hpp"

namespace leash {

struct Otherwise {};
inline constexpr Otherwise otherwise{};

namespace detail {

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

}  // namespace detail

template <class... Cases>
auto select(detail::Await<Cases>... cases) {
  static_assert(sizeof...(Cases) > 0, "select needs a case");
  return detail::Select<false, Cases...>(std::move(cases).take_case()...);
}

// The same with `otherwise` as the last argument: if no case is ready, none is waited for.
template <class... Arguments>
auto select(Arguments... arguments) requires detail::EndsWithOtherwise<Arguments...> {
  const auto without_last = [&]<std::size_t... I>(std::index_sequence<I...>) {
    auto all = std::forward_as_tuple(std::move(arguments)...);
    return detail::select_now(std::get<I>(std::move(all))...);
  };
  return without_last(std::make_index_sequence<sizeof...(Arguments) - 1>());
}

}  // namespace leash
