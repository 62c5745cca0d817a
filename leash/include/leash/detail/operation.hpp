// SPDX-License-Identifier: BSL-1.0
#pragma once
// An Asio operation that a task waits for: its state, its handler and its awaiter. Internal: leash/via.hpp is what
// users see.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "leash/detail/asio.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/detail/operation_kind.hpp"
#include "leash/detail/operation_state.hpp"
#include "leash/detail/owner_state.hpp"
#include "leash/detail/plain_operation.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash::detail {
inline namespace LEASH_FLAVOR {

// Operations that cannot be canceled and refer to nothing of their caller: a name look-up goes on by itself.
template <class... Args>
inline constexpr bool owns_all_its_memory = false;
template <IsErrorCode Error, class Protocol>
inline constexpr bool owns_all_its_memory<Error, asio::ip::basic_resolver_results<Protocol>> = true;

// What only a coroutine of Asio's gives to its handler.
template <class... Args>
inline constexpr bool is_coroutine = false;
template <class... Rest>
inline constexpr bool is_coroutine<std::exception_ptr, Rest...> = true;

// What a task that awaits the operation waits for, as far as the name of its initiation tells.
template <class Initiation, class... Args>
consteval WaitKind wait_kind_of() {
  if (is_coroutine<Args...>) return WaitKind::asio;
  if (!says(names_of<Initiation>(), "initiate_async_")) return WaitKind::io_wait;
  switch (const WaitKind kind = operation_kind<Initiation>()) {
    case WaitKind::timer:
      return WaitKind::sleep;
    case WaitKind::read:
    case WaitKind::write:
    case WaitKind::accept:
    case WaitKind::connect:
    case WaitKind::signal:
    case WaitKind::resolve:
      return kind;
    default:
      return WaitKind::io_wait;
  }
}

// What the handler's arguments become.
template <class... Args>
struct Completion {  // no error first: the plain values
  static constexpr bool has_error = false;
  using type = std::conditional_t<sizeof...(Args) == 0, void, std::tuple<Args...>>;
};
template <class T>
struct Completion<T> {
  static constexpr bool has_error = false;
  using type = T;
};
template <class... Values>
struct SuccessOf {
  using type = std::tuple<Values...>;
};
template <>
struct SuccessOf<> {
  using type = void;
};
template <class T>
struct SuccessOf<T> {
  using type = T;
};
template <IsErrorCode Error, class... Values>
struct Completion<Error, Values...> {
  static constexpr bool has_error = true;
  using type = Result<typename SuccessOf<Values...>::type>;
};
template <IsErrorCode Error>
struct Completion<Error> {
  static constexpr bool has_error = true;
  using type = Result<>;
};
template <class... Values>
struct Completion<std::exception_ptr, Values...> {
  static constexpr bool has_error = true;
  using type = Result<typename SuccessOf<Values...>::type>;
};
template <>
struct Completion<std::exception_ptr> {
  static constexpr bool has_error = true;
  using type = Result<>;
};

template <class... Args>
class OperationOf final : public OperationState {
 public:
  OperationOf(ContextNode& context, bool is_plain, WaitKind kind)
      : OperationState(context, owns_all_its_memory<Args...>, is_plain, kind) {}
  std::optional<std::tuple<Args...>> arguments;
  asio::cancellation_signal signal;

  void set_coroutine(std::shared_ptr<const AwaitedCoroutine> its) noexcept requires is_coroutine<Args...> {
    coroutine_ = std::move(its);
  }
  std::uint64_t coroutine() const noexcept override {
    if constexpr (is_coroutine<Args...>) {
      if (coroutine_) return coroutine_->id.load(std::memory_order_acquire);
    }
    return 0;
  }

 private:
  struct Nothing {};
  ~OperationOf() override = default;
  void cancel() noexcept override { signal.emit(asio::cancellation_type::terminal); }
  [[no_unique_address]] std::conditional_t<is_coroutine<Args...>, std::shared_ptr<const AwaitedCoroutine>,
                                           Nothing>
      coroutine_;
};

template <class... Args>
class OperationHandler {
 public:
  explicit OperationHandler(OperationOf<Args...>& operation) noexcept
      : operation_(&operation), keep_(&operation) {}

  using executor_type = asio::io_context::executor_type;
  using allocator_type = OperationAllocator<std::byte>;
  using cancellation_slot_type = asio::cancellation_slot;
  executor_type get_executor() const noexcept { return io_context_of(operation_->loop()).get_executor(); }
  allocator_type get_allocator() const noexcept { return allocator_type(*operation_); }
  cancellation_slot_type get_cancellation_slot() const noexcept { return operation_->signal.slot(); }

  void operator()(Args... args) {
    operation_->arguments.emplace(std::move(args)...);
    operation_->completed();
  }

 private:
  // Asio 1.22 asks a handler for its allocator after it moved it into another one (work_dispatcher, in the
  // order in which GCC evaluates arguments): so this one stays, and the other one keeps what it refers to.
  OperationOf<Args...>* operation_;
  Ref<OperationOf<Args...>> keep_;
};

template <class... Args>
class [[nodiscard]] OperationAwaiter : public AwaiterTag {
 public:
  using Outcome = typename Completion<Args...>::type;

  template <class Initiation, class... InitArgs>
  OperationAwaiter(ContextNode& context, std::size_t* partial, Initiation&& initiation, InitArgs&&... args)
      : operation_(new OperationOf<Args...>(context, is_plain<std::decay_t<Initiation>>,
                                            wait_kind_of<std::decay_t<Initiation>, Args...>())),
        partial_(partial) {
    check_flavor(operation_->loop());
    if (Completion<Args...>::has_error && nothing_remains(*context.signal)) {
      operation_->skip();
      if (partial_) *partial_ = 0;
      return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"  // Beast's own arguments, for its own initiation
    std::forward<Initiation>(initiation)(OperationHandler<Args...>(*operation_),
                                         std::forward<InitArgs>(args)...);
#pragma GCC diagnostic pop
    operation_->initiated(operation_->signal.slot().has_handler());
  }
  OperationAwaiter(OperationAwaiter&&) noexcept = default;
  OperationAwaiter& operator=(OperationAwaiter&&) = delete;
  ~OperationAwaiter() {
    if (operation_) operation_->abandon();
  }

  bool await_ready() {
    check(current.task != nullptr, "co_await outside of a task");
    check(static_cast<bool>(operation_), "an operation was awaited after it was moved from");
    operation_->await();
    return operation_->is_complete() && may_go_on(*current.task);
  }
  void await_suspend(std::coroutine_handle<>) { operation_->wait(); }

  OperationOf<Args...>& operation() const noexcept { return *operation_; }

  // What the handler was called with, once it has been.
  const std::optional<std::tuple<Args...>>& arguments() const noexcept { return operation_->arguments; }

  Outcome await_resume() {
    auto& arguments = operation_->arguments;
    if constexpr (Completion<Args...>::has_error) {
      if (!arguments) return std::unexpected(error_of(*operation_->context().signal));
      return std::apply([this](auto& first, auto&... rest) { return this->outcome(first, rest...); },
                        *arguments);
    } else if constexpr (sizeof...(Args) == 1) {
      return std::get<0>(std::move(*arguments));
    } else if constexpr (sizeof...(Args) > 1) {
      return std::move(*arguments);
    }
  }

 private:
  template <IsErrorCode Error, class... Values>
  Outcome outcome(const Error& error, Values&... values) {
    if constexpr (sizeof...(Values) == 1) {
      if constexpr (std::is_same_v<Values..., std::size_t>) {
        if (partial_) *partial_ = (values, ...);
      }
    }
    if (error) return std::unexpected(explain(error));
    if constexpr (sizeof...(Values) == 0) {
      return {};
    } else if constexpr (sizeof...(Values) == 1) {
      return Outcome(std::move(values)...);
    } else {
      return Outcome(std::tuple<Values...>(std::move(values)...));
    }
  }
  template <class... Values>
  Outcome outcome(std::exception_ptr exception, Values&... values) {
    if (exception) {
      if (const auto code = code_in(exception)) return std::unexpected(explain(*code));
      std::rethrow_exception(exception);
    }
    return outcome(std::error_code(), values...);
  }
  // Aborted because the context ended, or its deadline passed while the operation was started: then the
  // context's error says why.
  std::error_code explain(std::error_code error) const noexcept {
    SignalNode& signal = *operation_->context().signal;
    return is_cancellation(error) && nothing_remains(signal) ? error_of(signal) : error;
  }

  Ref<OperationOf<Args...>> operation_;
  std::size_t* partial_;
};

// An operation as a case of select. One that is not taken is stopped, and waited for: until its handler has run it may
// use what it was given.
template <class... Args>
class OperationCase {
 public:
  explicit OperationCase(OperationAwaiter<Args...>&& awaiter) noexcept : awaiter_(std::move(awaiter)) {}
  bool try_now(TaskRecord&) const noexcept { return operation().is_complete(); }
  void arm(Selection& selection, int index) noexcept { operation().wait_in(selection, index); }
  void disarm() noexcept { operation().wait_no_more(); }
  auto result() { return awaiter_.await_resume(); }
  OperationState& operation() const noexcept { return awaiter_.operation(); }

 private:
  OperationAwaiter<Args...> awaiter_;
};
template <class... Args>
OperationCase<Args...> case_of(OperationAwaiter<Args...>&& awaiter) noexcept {
  return OperationCase<Args...>(std::move(awaiter));
}

// As bind_cancellation_slot has it: that slot stops the operation, too, and not only its context.
template <class... Args>
class [[nodiscard]] BoundOperationAwaiter : public OperationAwaiter<Args...> {
 public:
  BoundOperationAwaiter(OperationAwaiter<Args...>&& awaiter, asio::cancellation_slot slot)
      : OperationAwaiter<Args...>(std::move(awaiter)), slot_(slot) {
    if (!slot_.is_connected() || this->operation().is_complete()) return;
    slot_.assign([operation = Ref<OperationState>(&this->operation())](asio::cancellation_type) {
      operation->stop();
    });
  }
  auto await_resume() {
    if (slot_.is_connected()) slot_.clear();
    return OperationAwaiter<Args...>::await_resume();
  }

 private:
  asio::cancellation_slot slot_;
};

}  // namespace LEASH_FLAVOR
}  // namespace leash::detail
