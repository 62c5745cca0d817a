// SPDX-License-Identifier: BSL-1.0
#pragma once
// Tasks in a block: no task started in the block outlives it. The form to prefer.
//
// What it is     `co_await scoped(ctx, body)` makes a Scope, runs body(scope) and joins, however the body ends.
// Requires       body is a function that takes a Scope& and returns Task<>, Task<T> or Task<Result<T>>.
// Guarantees     returns after the body and all tasks of the scope have ended, so they may use the caller's objects. A body
//                that fails or throws cancels the tasks. The first failure of all is returned or rethrown; failures
//                that follow from the cancel do not count. A task that fails cancels the scope's context, which the
//                body notices at its next await under that context.
// Result         Result<T>, or Result<> if the body returns nothing.
// Threads        the loop's thread, inside a task.
// Lifetime       the body is kept, with its captures, until all tasks have ended. With GCC 12 give it a name, as below: a
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
