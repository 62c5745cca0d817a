#pragma once
// asio::awaitable beside leash::Task: each can await the other.
//
// What it is     await(ctx, awaitable) inside a Task; go(ctx, awaitable) and adopt(ctx, awaitable), which
//                makes a Task of one; as_awaitable(ctx, task) inside an asio::awaitable; and
//                via(ctx, asio::use_awaitable), which puts an operation there under a context.
// Guarantees     when the context is done, a coroutine that is awaited gets a terminal cancellation through
//                its slot. It is one opaque frame in reports: what it awaits is not seen. A std::system_error
//                that leaves it is the error of the Result, the context's own when the context caused it; any
//                other exception is rethrown.
// Threads        the loop's thread; the asio::awaitable runs on the loop's io_context.
// Lifetime       a Task that is destroyed while it awaits (a scope that was not joined, the reaper) cancels the
//                coroutine, which ends by itself: what it refers to has to live until then.
//
//   leash::Task<leash::Result<std::size_t>> read(leash::Context ctx, Socket& socket) {
//     auto n = co_await leash::await(ctx, old_code(socket));  // asio::awaitable<std::size_t>
//     co_return n;
//   }

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace leash {

// Result<T>, or Result<> for void. The coroutine starts when this is called.
template <class T>
auto await(const Context& ctx, asio::awaitable<T> coroutine) {
  Via token = via(ctx);
  return asio::co_spawn(ctx.node().signal->loop->io(), std::move(coroutine), token);
}

// A Task that awaits it under `ctx`; for go and Scope::go. (asio::awaitable<void>)
inline Task<Result<>> adopt(Context ctx, asio::awaitable<void> coroutine) {
  auto ended = await(ctx, std::move(coroutine));
  const Result<> result = co_await std::move(ended);
  co_return result;
}

inline void go(const Context& ctx, asio::awaitable<void> coroutine, std::string_view name = {},
               std::source_location where = std::source_location::current()) {
  go(ctx, adopt(ctx, std::move(coroutine)), name, where);
}

namespace detail {

// Runs the task and then the handler of whoever awaits it; the handler's slot cancels the task.
template <class T, class Handler>
Task<> run_for(Task<T> task, std::shared_ptr<Handler> handler, std::shared_ptr<Cancel> stop,
               asio::io_context& io) {
  std::exception_ptr exception;
  if constexpr (std::is_void_v<T>) {
    try {
      co_await std::move(task);
    } catch (...) {
      exception = std::current_exception();
    }
    asio::get_associated_cancellation_slot(*handler).clear();
    asio::post(io, [handler, exception] { (*handler)(exception); });
  } else {
    std::optional<T> value;
    try {
      value.emplace(co_await std::move(task));
    } catch (...) {
      exception = std::current_exception();
    }
    asio::get_associated_cancellation_slot(*handler).clear();
    auto result = std::make_shared<std::optional<T>>(std::move(value));
    asio::post(io, [handler, exception, result] {
      if (exception) {
        (*handler)(exception, T());
      } else {
        (*handler)(exception, std::move(**result));
      }
    });
  }
  stop.reset();
}

// `make` is called with the context that the task is started under.
template <class T>
struct StartTask {
  template <class Handler, class Make>
  void operator()(Handler&& handler, Context ctx, Make make, std::source_location where) const {
    auto kept = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
    Cancelable own = with_cancel(ctx);
    auto stop = std::make_shared<Cancel>(std::move(own.cancel));
    auto slot = asio::get_associated_cancellation_slot(*kept);
    if (slot.is_connected()) slot.assign([stop](asio::cancellation_type) { (*stop)(); });
    asio::io_context& io = ctx.node().signal->loop->io();
    Task<T> task = make(own.ctx);
    go(own.ctx, run_for<T>(std::move(task), std::move(kept), std::move(stop), io), "as_awaitable", where);
  }
};

template <class T>
struct MadeAlready {
  explicit MadeAlready(Task<T> t) noexcept : task(std::move(t)) {}
  Task<T> operator()(const Context&) { return std::move(task); }
  Task<T> task;
};

template <class T>
struct ResultOfTask;
template <class T>
struct ResultOfTask<Task<T>> {
  using type = T;
};

template <class T>
struct SignatureOf {
  using type = void(std::exception_ptr, T);
};
template <>
struct SignatureOf<void> {
  using type = void(std::exception_ptr);
};

}  // namespace detail

// Starts make(child of ctx), a Task<T>, and waits for its end: the child is cancelled when the asio::awaitable
// is. What leaves the task is thrown; the error of a Result is returned in it. T has a default constructor.
template <class Make>
requires std::invocable<Make, Context>
auto as_awaitable(Context ctx, Make make, std::source_location where = std::source_location::current()) {
  using T = typename detail::ResultOfTask<std::invoke_result_t<Make, Context>>::type;
  asio::use_awaitable_t<> token;
  return asio::async_initiate<asio::use_awaitable_t<>, typename detail::SignatureOf<T>::type>(
      detail::StartTask<T>(), token, std::move(ctx), std::move(make), where);
}
// The same for a task that was made already. Its waits are under the contexts it was made with, so a cancel of
// the asio::awaitable does not end them: it only makes the task an orphan.
template <class T>
asio::awaitable<T> as_awaitable(Context ctx, Task<T> task,
                                std::source_location where = std::source_location::current()) {
  return as_awaitable(std::move(ctx), detail::MadeAlready<T>(std::move(task)), where);
}

class ViaAwaitable {
 public:
  explicit ViaAwaitable(const Context& ctx) noexcept : ctx_(ctx) {}
  const Context& ctx() const noexcept { return ctx_; }

 private:
  Context ctx_;
};
// Inside an asio::awaitable: `auto n = co_await socket.async_read_some(buffer, via(ctx, asio::use_awaitable));`
// gives or throws what use_awaitable does, with the context's error when the context caused it.
inline ViaAwaitable via(const Context& ctx, asio::use_awaitable_t<>) noexcept { return ViaAwaitable(ctx); }

namespace detail {

// Ties an operation that somebody else awaits to a context.
struct OperationLink : Dependent {
  explicit OperationLink(const Context& c) noexcept
      : Dependent([](Dependent& dependent) noexcept {
          static_cast<OperationLink&>(dependent).signal.emit(asio::cancellation_type::terminal);
        }),
        ctx(c) {}
  std::error_code explain(std::error_code error) const noexcept {
    const SignalNode& node = *ctx.node().signal;
    return is_cancellation(error) && nothing_remains(node) ? error_of(node) : error;
  }
  Context ctx;
  asio::cancellation_signal signal;
};

template <class Handler>
class LinkedHandler {
 public:
  LinkedHandler(std::shared_ptr<OperationLink> link, Handler handler)
      : link_(std::move(link)), handler_(std::move(handler)) {}

  using executor_type = asio::associated_executor_t<Handler>;
  using cancellation_slot_type = asio::cancellation_slot;
  executor_type get_executor() const noexcept { return asio::get_associated_executor(handler_); }
  cancellation_slot_type get_cancellation_slot() const noexcept { return link_->signal.slot(); }

  template <class... Args>
  void operator()(std::error_code error, Args&&... args) {
    link_->unlink();
    asio::get_associated_cancellation_slot(handler_).clear();
    handler_(link_->explain(error), std::forward<Args>(args)...);
  }

 private:
  std::shared_ptr<OperationLink> link_;
  Handler handler_;
};

struct StartLinked {
  template <class Handler, class Initiation, class... InitArgs>
  void operator()(Handler&& handler, Context ctx, Initiation initiation, InitArgs&&... args) const {
    auto link = std::make_shared<OperationLink>(ctx);
    auto outer = asio::get_associated_cancellation_slot(handler);
    if (outer.is_connected()) {
      outer.assign([link](asio::cancellation_type type) { link->signal.emit(type); });
    }
    std::move(initiation)(LinkedHandler<std::decay_t<Handler>>(link, std::forward<Handler>(handler)),
                          std::forward<InitArgs>(args)...);
    if (nothing_remains(*ctx.node().signal)) {
      link->signal.emit(asio::cancellation_type::terminal);
    } else {
      LoopState::attach(*ctx.node().signal, *link);
    }
  }
};

}  // namespace detail
}  // namespace leash

template <class... Args>
class asio::async_result<leash::ViaAwaitable, void(std::error_code, Args...)> {
 public:
  template <class Initiation, class... InitArgs>
  static auto initiate(Initiation initiation, leash::ViaAwaitable token, InitArgs... args) {
    asio::use_awaitable_t<> awaited;
    return asio::async_initiate<asio::use_awaitable_t<>, void(std::error_code, Args...)>(
        leash::detail::StartLinked(), awaited, token.ctx(), std::move(initiation), std::move(args)...);
  }
};
