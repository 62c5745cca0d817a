// SPDX-License-Identifier: BSL-1.0
#pragma once
// Runs a function once when a context is done (Go: context.AfterFunc).
//
// Guarantees     the function runs in a loop turn of its own, never inside cancel; at most once; soon if the
//                context is done already. Functions run in the order of their registrations, in turns with tasks that
//                are ready: one that registers itself again does not hold up others. It is a plain function, not a task: it
//                must not block. What it throws reaches the loop's on_exception. Each registration is independent.
// Threads        the loop's thread.
// Misuse         an empty function ends the process with a message.
// Lifetime       the handle stops the function when it is destroyed, so that it never runs after what it
//                refers to is gone, if that outlives the handle; detach() gives Go's behavior. When the loop
//                is destroyed first, the function is dropped without having run.
//
//   auto stop = leash::after_func(ctx, [&socket] { socket.shutdown(Socket::shutdown_receive); });
//   ...
//   if (!stop.stop()) log("it has run");

#include <functional>

#include "leash/context.hpp"

namespace leash {
namespace detail {
struct AfterFunc;
}

class [[nodiscard]] StopHandle {
 public:
  StopHandle(StopHandle&&) noexcept;
  StopHandle& operator=(StopHandle&& other) noexcept;
  ~StopHandle();

  /// True if this call prevented the run: the function has not begun and never will, although the context may
  /// be done already. False when it has begun, or was stopped before. Does not wait for anything.
  bool stop() noexcept;

  /// From now on nothing but the context decides.
  void detach() noexcept;

 private:
  friend StopHandle after_func(const Context&, std::move_only_function<void()>);
  explicit StopHandle(detail::AfterFunc& registration) noexcept;
  detail::AfterFunc* registration_;  ///< counted; the function may hold this handle, and end it with itself
};

StopHandle after_func(const Context& ctx, std::move_only_function<void()> f);

}  // namespace leash
