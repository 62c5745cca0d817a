// SPDX-License-Identifier: BSL-1.0
#pragma once
// Awaits any Asio operation under a context.
//
// What it is     a completion token: `co_await socket.async_read_some(buffer, leash::via(ctx))`.
// Guarantees     while the operation is pending it is linked into the context, and it is canceled (terminal) when the
//                context is done; an operation that starts under a done context fails at once with the context's error.
//                A success that is already queued wins. The link allocates nothing; cancellation throws nothing. The
//                operation starts when it is called, is awaited once, by one task, and is canceled if its awaiter is
//                destroyed first. If a task is destroyed (reaped, in a scope that is not joined, with its loop) while an
//                operation it started is in flight, the operation is canceled at once and the task is not resumed; its
//                frames stay until the handler has run. Only a single read, write, connect, accept or wait of an Asio
//                socket, acceptor, descriptor, timer or signal set releases the frames at once, because it touches
//                nothing after its cancel.
// Result         void(error_code): Result<>; void(error_code, T): Result<T>; void(error_code, T, U...):
//                Result<std::tuple<T, U...>>; void(exception_ptr, ...): the same, with exceptions other than
//                std::system_error rethrown; no error first: the plain values. An operation_aborted that the
//                context caused is the context's error.
// Threads        the loop's thread; the operation may complete on any.
// Misuse         an operation that is awaited twice, or after it was moved from, ends the process with a message.
// Lifetime       objects passed by reference (buffers, endpoints, strings) must live until the handler has run. Objects in
//                the frame of the task that starts the operation do; objects in the frame of another task do if that
//                task joins the scope or is reaped with it. An awaiter that is dropped without co_await leaves its block
//                while the operation may still use objects of that block. The socket or timer must be neither destroyed
//                nor moved (a growing vector moves it) while a context may still cancel its operation: keep it in the task
//                that waits, or declare it before the context.
//
// With others    asio::redirect_error(via(ctx), error) returns the plain value and the operation's own code, which stays
//                operation_aborted after a cancellation. With asio::bind_cancellation_slot(slot, via(ctx)), both the slot
//                and the context end the operation.
//
//   auto n = co_await socket.async_read_some(asio::buffer(data), leash::via(ctx));
//   if (!n) co_return std::unexpected(n.error());
//   std::size_t sent = 0;
//   auto w = co_await asio::async_write(socket, asio::buffer(data), leash::via(ctx, sent));
//   // sent: also where only a part of it went out

#include <cstddef>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/asio.hpp"
#include "leash/detail/one_asio.hpp"  // IWYU pragma: keep
#include "leash/detail/operation.hpp"
#include "leash/error.hpp"

namespace leash {

class Via {
 public:
  explicit Via(const Context& ctx, std::size_t* partial = nullptr) noexcept : ctx_(ctx), partial_(partial) {}
  const Context& ctx() const noexcept { return ctx_; }
  std::size_t* partial() const noexcept { return partial_; }

 private:
  Context ctx_;
  std::size_t* partial_;
};

inline Via via(const Context& ctx) noexcept { return Via(ctx); }
/// Also stores the number of bytes transferred in `count`, if the operation has one and the awaiter still exists.
inline Via via(const Context& ctx, std::size_t& count) noexcept { return Via(ctx, &count); }

}  // namespace leash

template <class... Args>
class leash::asio::async_result<leash::Via, void(Args...)> {
 public:
  using return_type =
      leash::detail::OperationAwaiter<std::decay_t<Args>...>;  ///< required by asio::redirect_error

  template <class Initiation, class... InitArgs>
  static return_type initiate(Initiation&& initiation, leash::Via token, InitArgs&&... args) {
    return leash::detail::OperationAwaiter<std::decay_t<Args>...>(token.ctx().node(), token.partial(),
                                                                  std::forward<Initiation>(initiation),
                                                                  std::forward<InitArgs>(args)...);
  }
};

/// More specialized than Asio's own specialization, which would replace the slot of the operation's handler.
template <class Slot, class... Args>
class leash::asio::async_result<leash::asio::cancellation_slot_binder<leash::Via, Slot>, void(Args...)> {
 public:
  using return_type = leash::detail::BoundOperationAwaiter<std::decay_t<Args>...>;

  template <class Initiation, class Token, class... InitArgs>
  static return_type initiate(Initiation&& initiation, Token&& token, InitArgs&&... args) {
    return return_type(
        leash::asio::async_result<leash::Via, void(Args...)>::initiate(
            std::forward<Initiation>(initiation), token.get(), std::forward<InitArgs>(args)...),
        token.get_cancellation_slot());
  }
};
