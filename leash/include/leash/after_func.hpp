// SPDX-License-Identifier: BSL-1.0
#pragma once
// Runs a function once when a context is done (Go: context.AfterFunc).
//
// Guarantees     the function runs in a loop turn of its own, never inside cancel; at most once; soon if the
//                context is done already. Functions run in the order of registration, alternating with ready tasks, so
//                a function that registers itself again does not starve others. It is a plain function, not a task,
//                and must not block. Its exceptions reach the loop's on_exception. Registrations are independent.
// Threads        the loop's thread.
// Misuse         an empty function ends the process with a message.
// Lifetime       the handle stops the function when it is destroyed; what the function refers to must outlive the
//                handle. detach() gives Go's behavior. If the loop is destroyed first, the function is dropped
//                without having run.
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

  /// Returns true if this call prevented the run: the function has not begun and never will, although the context may
  /// be done already. False if it has begun or was stopped before. Does not wait.
  bool stop() noexcept;

  /// Gives up the handle: the function runs when the context is done, and can no longer be stopped.
  void detach() noexcept;

 private:
  friend StopHandle after_func(const Context&, std::move_only_function<void()>);
  explicit StopHandle(detail::AfterFunc& registration) noexcept;
  detail::AfterFunc* registration_;  ///< counted, because the function may hold this handle and destroy it
};

StopHandle after_func(const Context& ctx, std::move_only_function<void()> f);

}  // namespace leash
