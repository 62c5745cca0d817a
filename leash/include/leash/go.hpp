// SPDX-License-Identifier: BSL-1.0
#pragma once
// Starts a task (Go: the go statement).
//
// Requires       a context, the owner: there is no task without one. It is started also when the owner is
//                done, and sees that at its first await under a context.
// Guarantees     it runs in this turn or the next, not inside the call; tasks begin in the order of these calls. An
//                exception that leaves it reaches the loop's on_exception. No task waits for it: prefer a Scope wherever the
//                starter can.
// Threads        the owner's loop's.
// Misuse         a context of another thread, or of a loop that has ended, ends the process with a message.
// Lifetime       the task holds its owner, and its parameters in its frame. What it is given by reference has to
//                live until it ends, and no task waits for that: pass values, or handles. A function is kept, with its
//                captures, until its task has ended. (A lambda that is called at once, `[x]() -> Task<> {...}()`,
//                is not: its captures are gone when its task runs.)
//
//   leash::go(ctx, worker(ctx, channel), "worker");
//   leash::go(ctx, [to = channel](leash::Context own) -> leash::Task<> { co_await worker(own, to); });

#include <source_location>
#include <string_view>

#include "leash/context.hpp"
#include "leash/detail/callable.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace leash {
namespace detail {
void start(ContextNode& owner, PromiseBase& root, bool returns_result, std::string_view name,
           const std::source_location& where);
}

inline void go(const Context& ctx, Task<void> task, std::string_view name = {},
               std::source_location where = std::source_location::current()) {
  detail::start(ctx.node(), task.release(), false, name, where);
}

/// An error it returns is counted in the site's metrics (outcome error or canceled); it is reported nowhere else.
inline void go(const Context& ctx, Task<Result<>> task, std::string_view name = {},
               std::source_location where = std::source_location::current()) {
  detail::start(ctx.node(), task.release(), true, name, where);
}

/// A function that returns one; it is called with the context if it takes one.
template <detail::MakesStartable F>
void go(const Context& ctx, F f, std::string_view name = {},
        std::source_location where = std::source_location::current()) {
  go(ctx, detail::run(std::move(f), ctx), name, where);
}

/// With leash/awaitable.hpp: an asio::awaitable, or a function that returns one. Its value is dropped.
template <detail::ForeignOrFunction F>
void go(const Context& ctx, F f, std::string_view name = {},
        std::source_location where = std::source_location::current()) {
  go(ctx, detail::adopted(std::move(f), ctx, detail::Exceptions::as_thrown), name, where);
}

template <class Other>
void go(const Context&, Other, std::string_view = {},
        std::source_location = std::source_location::current()) {
  static_assert(
      detail::never<Other>,
      "go takes a Task<> or a Task<Result<>>, or a function that returns one, because any other "
      "value would be lost: await it, or gather it; for an asio::awaitable, include leash/awaitable.hpp");
}

}  // namespace leash
