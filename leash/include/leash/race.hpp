// SPDX-License-Identifier: BSL-1.0
#pragma once
// The first value of several tasks; the other tasks are ended.
//
// What it is     `co_await race(ctx, a, b, ...)`: each argument is a Task, or a function that returns a Task and is called
//                with a child of ctx if it takes a context.
// Guarantees     the first task that succeeds wins. The child context is then done, and race returns when the tasks of all
//                functions have ended. A Task made before the call does not see the child context, so it is ended by
//                force, like a task of a scope that is not joined. A failure (an error or an exception) does not affect
//                the others; if all fail, race returns or rethrows the first failure. Any other exception reaches the
//                loop's on_exception.
// Result         Result<T> if all have the same type T; else Result<std::variant<...>>, whose index() names the winner. A
//                task without a value gives std::monostate.
// Threads        the loop's thread, inside a task.
// Lifetime       functions and their captures are kept until it returns. With GCC 12, functions with captures need a
//                name (docs/gcc12.md).
//
//   auto near = [&](leash::Context own) { return ask(own, replica_a); };
//   auto far = [&](leash::Context own) { return ask(own, replica_b); };
//   auto answer = co_await leash::race(ctx, near, far);  // Result<std::string>

#include <utility>

#include "leash/context.hpp"
#include "leash/detail/race.hpp"

namespace leash {

template <class... Tasks>
auto race(const Context& ctx, Tasks... tasks) {
  constexpr bool fit = sizeof...(Tasks) > 0 && (detail::TaskOrFunction<Tasks> && ...);
  static_assert(fit, "race takes tasks, and functions that return one");
  if constexpr (fit) return detail::run_race(ctx, detail::as_function(std::move(tasks))...);
}

}  // namespace leash
