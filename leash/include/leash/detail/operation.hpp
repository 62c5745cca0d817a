// SPDX-License-Identifier: BSL-1.0
#pragma once
// An Asio operation that a task waits for: its state, its handler and its awaiter. Internal: leash/via.hpp is what
// users see.

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/basic_resolver_results.hpp>
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

#include "leash/detail/loop_state.hpp"
#include "leash/detail/operation_kind.hpp"
#include "leash/detail/owner_state.hpp"
#include "leash/detail/plain_operation.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"

namespace leash::detail {

// One operation: shared by its awaiter and its handler, so that a frame can be destroyed while it is in
// flight.
class OperationState : public Operation, public Dependent {
 public:
  OperationState(ContextNode& context, bool owns_its_memory, bool is_plain, WaitKind kind);
  OperationState(const OperationState&) = delete;
  OperationState& operator=(const OperationState&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }
  static void* operator new(std::size_t size) { return frame_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { frame_release(memory, size); }
  static void* operator new(std::size_t size, std::align_val_t alignment) {  // of a result that needs it
    return ::operator new(size, alignment);
  }
  static void operator delete(void* memory, std::size_t size, std::align_val_t alignment) noexcept {
    ::operator delete(memory, size, alignment);
  }

  LoopState& loop() const noexcept { return *loop_; }
  ContextNode& context() const noexcept { return *context_; }
  asio::cancellation_slot slot() noexcept { return signal_.slot(); }

  void initiated() noexcept;                      // after the operation was started
  void completed() noexcept;                      // by its handler, once, with the result stored
  void await();                                   // by the awaiter, once
  void wait();                                    // then, if it has to
  void wait_in(Selection& selection, int index);  // by a select
  void wait_no_more() noexcept { selection_ = nullptr; }
  void abandon() noexcept;        // the awaiter goes away first: cancel
  void stop() noexcept override;  // told once: later, what it worked on (a socket) may be gone
  bool is_complete() const noexcept { return complete_; }
  void skip() noexcept { complete_ = true; }  // not started: the context is done

  // Memory for Asio's own state of the operation: in here if it fits and is free.
  void* allocate(std::size_t size);
  void deallocate(void* memory, std::size_t size) noexcept;

 protected:
  virtual ~OperationState();

 private:
  static void context_done(Dependent& dependent) noexcept;
  void belong_to(TaskRecord& its_task);

  std::uint32_t refs_ = 0;
  bool complete_ = false;
  bool awaited_once_ = false;
  bool in_flight_ = false;
  bool arena_used_ = false;
  WaitKind kind_;
  bool owns_its_memory_;  // refers to nothing of the caller: not waited for after its context is done
  LoopState* loop_;       // counted
  Selection* selection_ = nullptr;
  int index_ = 0;
  Ref<ContextNode> context_;
  asio::cancellation_signal signal_;
  alignas(std::max_align_t) std::byte arena_[192];
};

template <class T>
class OperationAllocator {
 public:
  using value_type = T;
  explicit OperationAllocator(OperationState& operation) noexcept : operation_(&operation) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) noexcept : operation_(other.operation_) {}
  T* allocate(std::size_t n) { return static_cast<T*>(operation_->allocate(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t n) noexcept { operation_->deallocate(memory, n * sizeof(T)); }
  friend bool operator==(const OperationAllocator& a, const OperationAllocator& b) noexcept {
    return a.operation_ == b.operation_;
  }

 private:
  template <class>
  friend class OperationAllocator;
  OperationState* operation_;
};

// Operations that cannot be canceled and refer to nothing of their caller: a name look-up goes on by itself.
template <class... Args>
inline constexpr bool owns_all_its_memory = false;
template <class Protocol>
inline constexpr bool owns_all_its_memory<std::error_code, asio::ip::basic_resolver_results<Protocol>> = true;

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
template <class... Values>
struct Completion<std::error_code, Values...> {
  static constexpr bool has_error = true;
  using type = Result<typename SuccessOf<Values...>::type>;
};
template <>
struct Completion<std::error_code> {
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
  executor_type get_executor() const noexcept { return operation_->loop().io().get_executor(); }
  allocator_type get_allocator() const noexcept { return allocator_type(*operation_); }
  cancellation_slot_type get_cancellation_slot() const noexcept { return operation_->slot(); }

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
    if (Completion<Args...>::has_error && nothing_remains(*context.signal)) {
      operation_->skip();
      if (partial_) *partial_ = 0;
      return;
    }
    std::forward<Initiation>(initiation)(OperationHandler<Args...>(*operation_),
                                         std::forward<InitArgs>(args)...);
    operation_->initiated();
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
  template <class... Values>
  Outcome outcome(std::error_code error, Values&... values) {
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
      try {
        std::rethrow_exception(exception);
      } catch (const std::system_error& e) {
        return std::unexpected(explain(e.code()));
      }
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

// The end of an operation, whatever came of it.
class OperationEnd : public AwaiterTag {
 public:
  explicit OperationEnd(OperationState& operation) noexcept : operation_(&operation) {}
  bool await_ready() const noexcept { return operation_->is_complete(); }
  void await_suspend(std::coroutine_handle<>) const { operation_->wait(); }
  void await_resume() const noexcept {}

 private:
  Ref<OperationState> operation_;
};

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

}  // namespace leash::detail
