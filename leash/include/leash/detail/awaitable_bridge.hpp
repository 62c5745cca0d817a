// SPDX-License-Identifier: BSL-1.0
#pragma once
// Lets an asio::awaitable await a task, and puts its operations under a context. Internal; the public header is
// leash/awaitable.hpp.

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "leash/context.hpp"
#include "leash/coroutines.hpp"
#include "leash/detail/asio_awaitable.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/operation.hpp"
#include "leash/detail/runs_for.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/error.hpp"
#include "leash/go.hpp"
#include "leash/task.hpp"

namespace leash::detail {
inline namespace LEASH_FLAVOR {

// The handler of the coroutine that awaits a task. It is called once, even if the task is destroyed before its end.
template <class Handler, class... Values>
class Delivery {
 public:
  Delivery(Handler handler, asio::io_context& io)
      : handler_(std::make_unique<Handler>(std::move(handler))), io_(&io) {}
  Delivery(Delivery&&) noexcept = default;
  ~Delivery() {
    if (handler_) fail(std::make_exception_ptr(AsioSystemError(make_error_code(errc::canceled))));
  }

  void fail(std::exception_ptr exception) { deliver(std::move(exception), Values()...); }
  void succeed(Values... values) { deliver(nullptr, std::move(values)...); }

 private:
  void deliver(std::exception_ptr exception, Values... values) {
    asio::get_associated_cancellation_slot(*handler_).clear();
    const auto executor = asio::get_associated_executor(*handler_, io_->get_executor());
    asio::post(executor, [handler = std::move(handler_), exception = std::move(exception),
                          ... values = std::move(values)]() mutable {
      (*handler)(std::move(exception), std::move(values)...);
    });
  }

  std::unique_ptr<Handler> handler_;  // null after the call
  asio::io_context* io_;
};

template <class T, class Handler>
struct DeliveryOf {
  using type = Delivery<Handler, T>;
};
template <class Handler>
struct DeliveryOf<void, Handler> {
  using type = Delivery<Handler>;
};

// Runs the task, and then the handler of the coroutine that awaits it.
template <class T, class To>
Task<> run_for(Task<T> task, To delivery, Cancel, std::uint64_t coroutine, std::source_location site) {
  const RunsFor link(coroutine, site);
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      delivery.succeed();
    } else {
      delivery.succeed(co_await std::move(task));
    }
  } catch (...) {
    delivery.fail(std::current_exception());
  }
}

// `make` is called with the context of the new task. The handler's slot cancels this context.
template <class T>
struct StartTask {
  template <class Handler, class Make>
  void operator()(Handler&& handler, Context ctx, Make make, std::source_location where) const {
    using To = typename DeliveryOf<T, std::decay_t<Handler>>::type;
    auto [own, cancel] = with_cancel(ctx);
    SignalNode& node = *own.node().signal;
    auto slot = asio::get_associated_cancellation_slot(handler);
    check_flavor(*node.loop);
    To delivery(std::forward<Handler>(handler), io_context_of(*node.loop));
    std::optional<Task<T>> task;
    try {
      task.emplace(make(own));
    } catch (...) {
      delivery.fail(std::current_exception());
      return;
    }
    if (slot.is_connected()) {
      slot.assign([kept = Ref<SignalNode>(&node)](asio::cancellation_type) {
        kept->loop->finish(*kept, errc::canceled, errc::canceled);
      });
    }
    go(own,
       run_for<T, To>(std::move(*task), std::move(delivery), std::move(cancel), current_coroutine(), where),
       "as_awaitable", where);
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

// Cancels an operation that is awaited elsewhere when a context is done.
struct OperationLink : Dependent {
  explicit OperationLink(const Context& c) noexcept
      : Dependent([](Dependent& dependent) noexcept {
          static_cast<OperationLink&>(dependent).signal.emit(asio::cancellation_type::terminal);
        }),
        ctx(c) {}
  SignalNode& node() const noexcept { return *ctx.node().signal; }

  // The error of an operation that was aborted because of the context.
  template <IsErrorCode Error>
  void explain(Error& error) const noexcept {
    if (is_cancellation(error) && nothing_remains(node())) error = error_of(node());
  }
  void explain(std::exception_ptr& exception) const {
    if (!exception || !nothing_remains(node())) return;
    const auto code = code_in(exception);
    if (code && is_cancellation(*code))
      exception = std::make_exception_ptr(AsioSystemError(error_of(node())));
  }
  template <class Value>
  void explain(const Value&) const noexcept {}

  Context ctx;
  asio::cancellation_signal signal;
};

template <class Handler, class... Args>
class LinkedHandler {
 public:
  LinkedHandler(std::shared_ptr<OperationLink> link, Handler handler)
      : link_(std::move(link)), handler_(std::move(handler)) {}

  using executor_type = asio::associated_executor_t<Handler>;
  using cancellation_slot_type = asio::cancellation_slot;
  executor_type get_executor() const noexcept { return asio::get_associated_executor(handler_); }
  cancellation_slot_type get_cancellation_slot() const noexcept { return link_->signal.slot(); }

  void operator()(Args... args) {
    link_->unlink();
    asio::get_associated_cancellation_slot(handler_).clear();
    (link_->explain(args), ...);
    handler_(std::move(args)...);
  }

 private:
  std::shared_ptr<OperationLink> link_;
  Handler handler_;
};

// Whether a failure of void(Args...) can be constructed.
template <class... Args>
inline constexpr bool can_fail = false;
template <IsErrorCode Error, class... Values>
inline constexpr bool can_fail<Error, Values...> = (std::is_default_constructible_v<Values> && ...);
template <class... Values>
inline constexpr bool can_fail<std::exception_ptr, Values...> = (std::is_default_constructible_v<Values> &&
                                                                 ...);

template <class... Args>
struct StartLinked {
  template <class Handler, class Initiation, class... InitArgs>
  void operator()(Handler&& handler, Context ctx, Initiation initiation, InitArgs&&... args) const {
    SignalNode& node = *ctx.node().signal;
    if constexpr (can_fail<Args...>) {
      if (nothing_remains(node)) {
        fail(std::forward<Handler>(handler), error_of(node), std::type_identity<std::tuple<Args...>>());
        return;
      }
    }
    auto link = std::make_shared<OperationLink>(ctx);
    auto outer = asio::get_associated_cancellation_slot(handler);
    if (outer.is_connected()) {
      outer.assign([link](asio::cancellation_type type) { link->signal.emit(type); });
    }
    std::move(initiation)(LinkedHandler<std::decay_t<Handler>, Args...>(link, std::forward<Handler>(handler)),
                          std::forward<InitArgs>(args)...);
    if (nothing_remains(node)) {
      link->signal.emit(asio::cancellation_type::terminal);
    } else {
      LoopState::attach(*ctx.node().signal, *link);
    }
  }

 private:
  template <class Handler, class Failure, class... Values>
  static void fail(Handler&& handler, std::error_code error,
                   std::type_identity<std::tuple<Failure, Values...>>) {
    const auto executor = asio::get_associated_executor(handler);
    asio::post(executor, [kept = std::forward<Handler>(handler), error]() mutable {
      if constexpr (IsErrorCode<Failure>) {
        kept(Failure(error), Values()...);
      } else {
        kept(std::make_exception_ptr(AsioSystemError(error)), Values()...);
      }
    });
  }
};

}  // namespace LEASH_FLAVOR
}  // namespace leash::detail
