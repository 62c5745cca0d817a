// SPDX-License-Identifier: BSL-1.0
#pragma once
// Waits for the first of several things (Go: select).
//
// What it is     select(cases...) over ch.receive(), ch.send(v), done.wait(), ctx.done(), sleep(d),
//                ticker.next(), and leash::otherwise as the last case for "do not wait".
// Guarantees     exactly one case is taken, the others are undone; among ready cases the choice is fair (Go's
//                pseudo-random choice). A value that a send case did not send stays in the variable that it was to be
//                moved from; one that was received, but not taken because the task was destroyed, goes back.
// Result         a std::variant with an alternative for each case: index() says which, std::get<i>() what;
//                cases without a value have std::monostate.
// Threads        the loop's thread, inside a task.
// Misuse         an awaiter is awaited once, and not moved while a task waits for it: each aborts.
// Lifetime       its cases hold their channel, done or context until it ends; a ticker outlives it.
//
//   auto r = co_await leash::select(numbers.receive(), ctx.done(), leash::sleep(1s));
//   if (r.index() == 0) use(std::get<0>(r));  // Result<int>

#include <cstddef>
#include <tuple>
#include <utility>

#include "leash/detail/select.hpp"

namespace leash {

inline constexpr detail::Otherwise otherwise{};

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
