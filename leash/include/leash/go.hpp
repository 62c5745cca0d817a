// SPDX-License-Identifier: BSL-1.0
#pragma once
// Starts a task (Go: the go statement).
//
// Requires       a context, the owner: there is no task without an owner. The task starts even if the owner is done, and
//                sees that at its first await under a context.
// Guarantees     the task runs in this turn or the next, not inside the call; tasks begin in the order of the calls. An
//                exception that escapes the task reaches the loop's on_exception. Nothing waits for the task: prefer a
//                Scope wherever the starter can wait.
// Threads        the owner's loop's.
// Misuse         a context of another thread, or of a loop that has ended, ends the process with a message.
// Lifetime       the task holds its owner, and its parameters in its frame. Objects passed by reference must live until
//                the task ends, which nothing waits for: pass values or handles. A function is kept, with its captures,
//                until its task has ended. (A lambda that is called in place, `[x]() -> Task<> {...}()`, is not: its
//                captures are destroyed before its task runs.)
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

/// An error that the task returns is only counted, in the site's metrics (outcome error or canceled).
inline void go(const Context& ctx, Task<Result<>> task, std::string_view name = {},
               std::source_location where = std::source_location::current()) {
  detail::start(ctx.node(), task.release(), true, name, where);
}

/// For a function that returns a Task; it is called with the context if it takes one.
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
