// SPDX-License-Identifier: BSL-1.0
#pragma once
// The values of several tasks that run concurrently.
//
// What it is     `co_await gather(ctx, a, b, ...)`: each argument is a Task, or a function that returns a Task and is
//                called with a child of ctx if it takes a context. Or one std::vector of them.
// Guarantees     the first failure (an error or an exception) cancels the child context, and gather returns or rethrows
//                it when all tasks have ended. A Task made before the call does not see the child context: it is
//                waited for.
// Result         Result<std::tuple<...>>; std::monostate for a task without a value, Result<> if no task has one. For a
//                vector: Result<std::vector<T>>, in the same order; Result<> if its tasks have no value.
// Threads        the loop's thread, inside a task.
// Lifetime       functions and their captures are kept until it returns. With GCC 12, functions with captures need a
//                name (docs/gcc12.md).
//
//   auto user = [&](leash::Context own) { return find_user(own, id); };
//   auto cart = [&](leash::Context own) { return find_cart(own, id); };
//   auto both = co_await leash::gather(ctx, user, cart);  // Result<std::tuple<User, Cart>>
//   if (!both) co_return std::unexpected(both.error());

#include <utility>
#include <vector>

#include "leash/context.hpp"
#include "leash/detail/gather.hpp"

namespace leash {

template <class... Tasks>
auto gather(const Context& ctx, Tasks... tasks) {
  constexpr bool fit = (detail::TaskOrFunction<Tasks> && ...);
  static_assert(fit, "gather takes tasks, functions that return one, and a std::vector of either");
  if constexpr (fit) return detail::run_gather(ctx, detail::as_function(std::move(tasks))...);
}

template <detail::TaskOrFunction T>
auto gather(const Context& ctx, std::vector<T> tasks) {
  return detail::run_gather_all(ctx, std::move(tasks));
}

}  // namespace leash
