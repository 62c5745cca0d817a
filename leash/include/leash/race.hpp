// SPDX-License-Identifier: BSL-1.0
#pragma once
// The first value of several tasks; the others are ended.
//
// What it is     `co_await race(ctx, a, b, ...)`: each is a function that returns a Task, called with a context of the
//                race if it takes one, or a Task.
// Guarantees     the first that succeeds wins. The context of the race is then done, and race returns when all the
//                functions' tasks have ended. A Task that was made before has no context of the race to see, so it is
//                ended by force, as a scope that is not joined does it. A failure (an error, an exception) leaves the
//                others alone; when all have failed, the first failure is what race returns, or rethrows. Any other
//                exception reaches the loop's on_exception.
// Result         Result<T>, where all have the same type T; else Result<std::variant<...>>, whose index() says which.
//                A task without a value gives std::monostate.
// Threads        the loop's thread, inside a task.
// Lifetime       functions and their captures are kept until it returns. With GCC 12, those with captures need names
//                (docs/gcc12.md).
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
