// SPDX-License-Identifier: BSL-1.0
#pragma once
// Tasks in a block: none that is started in it outlives it. The form to begin with.
//
// What it is     `co_await scoped(ctx, body)` makes a Scope, runs body(scope) and joins, whatever way the body ends.
// Requires       body is a function of a Scope& that returns a Task: of nothing, of T or of Result<T>.
// Guarantees     it returns after the body and all tasks of the scope have ended, so they may use what the caller has.
//                A body that fails, or throws, cancels them. The first failure of all is what it returns, or rethrows;
//                what follows from the cancel does not count. A task that fails cancels the scope's context, which the
//                body sees at its next await under it.
// Result         Result<T>, Result<> where the body returns nothing.
// Threads        the loop's thread, inside a task.
// Lifetime       the body is kept, with its captures, until all have ended. With GCC 12 give it a name, as here: a
//                temporary with captures is destroyed twice (docs/gcc12.md).
//
//   auto both = [&](leash::Scope& s) -> leash::Task<> {
//     s.go(fetch(s.ctx(), "a", a));
//     co_await fetch(s.ctx(), "b", b);
//   };
//   if (auto r = co_await leash::scoped(ctx, both); !r) co_return std::unexpected(r.error());

#include <concepts>
#include <source_location>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/scoped.hpp"
#include "leash/scope.hpp"

namespace leash {

template <class Body>
auto scoped(const Context& ctx, Body body, std::source_location where = std::source_location::current()) {
  static_assert(detail::ScopeBody<Body>, "scoped takes a function of a Scope& that returns a Task");
  if constexpr (detail::ScopeBody<Body>) return detail::run_scoped(ctx, std::move(body), where);
}

}  // namespace leash
