// SPDX-License-Identifier: BSL-1.0
#pragma once
// Waits for the first of several things (Go: select).
//
// What it is     select(cases...) over ch.receive(), ch.send(v), done.wait(), ctx.done(), sleep(d),
//                ticker.next(), group.wait(), operations with via(ctx), and leash::otherwise as the last case for
//                "do not wait".
// Guarantees     exactly one case is taken, the others are undone; among ready cases the choice is fair (Go's
//                pseudo-random choice). If a send case is not taken, its value stays in the variable it would have been
//                moved from; a value that was received but not taken, because the task was destroyed, goes back.
//                An operation starts when it is called. An operation that is not taken is canceled, and select returns
//                when its handler has run: its result is lost, except for the count of via(ctx, n).
// Result         a std::variant with one alternative per case: index() names the case, std::get<i>() gives its value;
//                std::monostate for cases without a value.
// Threads        the loop's thread, inside a task.
// Misuse         an awaiter that is awaited twice, or moved while a task waits for it, ends the process with a message.
// Lifetime       its cases hold their channel, done or context until it ends; a ticker outlives it.
//
//   auto r = co_await leash::select(numbers.receive(), ctx.done(), leash::sleep(1s));
//   if (r.index() == 0) use(std::get<0>(r));  // Result<int>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "leash/detail/select.hpp"

namespace leash {

inline constexpr detail::Otherwise otherwise{};

/// With `otherwise` as the last argument, it does not wait if no case is ready.
template <class... Arguments>
auto select(Arguments&&... arguments) {
  constexpr bool has_default = detail::ends_with_otherwise<Arguments...>;
  constexpr std::size_t cases = sizeof...(Arguments) - (has_default ? 1 : 0);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    using All = std::tuple<Arguments&&...>;
    constexpr bool moved = (!(std::is_lvalue_reference_v<std::tuple_element_t<I, All>> &&
                              detail::HasCase<std::remove_reference_t<std::tuple_element_t<I, All>>>)&&...);
    constexpr bool fit = sizeof...(I) > 0 && (detail::HasCase<std::tuple_element_t<I, All>> && ...);
    static_assert(moved, "an awaiter is awaited once: create it inside select(...), or std::move it");
    static_assert(
        !moved || fit,
        "select takes ch.receive(), ch.send(v), done.wait(), ctx.done(), sleep(d), ticker.next(), "
        "group.wait(), operations with via(ctx), and otherwise as the last argument; a context is a separate "
        "case: select(ch.receive(), ctx.done())");
    if constexpr (moved && fit) {
      All all(std::forward<Arguments>(arguments)...);
      /// NOLINTNEXTLINE(bugprone-use-after-move)
      return detail::select_of<has_default>(std::get<I>(std::move(all))...);
    }
  }
  (std::make_index_sequence<cases>());
}

}  // namespace leash
