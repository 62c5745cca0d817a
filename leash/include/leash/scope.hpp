// SPDX-License-Identifier: BSL-1.0
#pragma once
// Structured tasks: no task started in a scope outlives it (Go: errgroup; trio: nursery).
//
// What it is     starts tasks under a context of its own, a child of the given one, and waits for all of
//                them.
// Guarantees     join returns after every task has ended. The first error or exception of a task, or the end of the
//                parent context while tasks live, cancels the other tasks, and join returns or rethrows it;
//                cancellation errors that follow from that do not count. With OnFailure::keep_others a failure does not
//                affect the other tasks. An exception that no join rethrows (it was not the first failure, or the scope
//                was not joined) reaches the loop's on_exception. A scope that is destroyed before its tasks have
//                ended (early return, exception) cancels them and destroys their frames at once, the newest task first,
//                after those of the tasks below it; the frames of a task in an operation are destroyed when the
//                operation has returned (leash/via.hpp). Such a task must therefore not use objects in the frame of
//                a scope that is not joined: join the scope, or let the task own what it uses. The stack does not
//                grow with the depth of scopes.
// Misuse         two tasks that join at once, a task that joins its own scope, a join outside of a task, and destroying a
//                scope that another task joins end the process with a message.
// Threads        the loop's thread.
// Lifetime       a local object of a task; not movable. On the heap it may outlive the task that made it, and its own
//                tasks may own it: the last of them then destroys it. Prefer leash/scoped.hpp, where the join cannot
//                be forgotten.
//
//   leash::Scope s(ctx);
//   s.go(fetch(s.ctx(), "a"), "fetch a");
//   s.go(fetch(s.ctx(), "b"), "fetch b");
//   if (auto r = co_await s.join(); !r) co_return std::unexpected(r.error());

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <source_location>
#include <string_view>
#include <system_error>

#include "leash/context.hpp"
#include "leash/detail/callable.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/detail/waiting.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace leash {

enum class OnFailure : std::uint8_t { cancel_others, keep_others };

class Scope : private detail::Hook<detail::HeldScope> {
 public:
  explicit Scope(const Context& parent, std::source_location where = std::source_location::current())
      : Scope(parent, OnFailure::cancel_others, where) {}
  Scope(const Context& parent, OnFailure on_failure,
        std::source_location where = std::source_location::current());
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  /// The context of its tasks, their owner.
  const Context& ctx() const noexcept { return own_.ctx; }

  void go(Task<void> task, std::string_view name = {},
          std::source_location where = std::source_location::current());
  void go(Task<Result<>> task, std::string_view name = {},
          std::source_location where = std::source_location::current());

  /// For a function that returns a Task; it is called with ctx() if it takes a context, and kept until its task has
  /// ended.
  template <detail::MakesStartable F>
  void go(F f, std::string_view name = {}, std::source_location where = std::source_location::current()) {
    go(detail::run(std::move(f), ctx()), name, where);
  }
  /// With leash/awaitable.hpp: an asio::awaitable, or a function that returns one. Its value is dropped.
  template <detail::ForeignOrFunction F>
  void go(F f, std::string_view name = {}, std::source_location where = std::source_location::current()) {
    go(detail::adopted(std::move(f), ctx(), detail::Exceptions::as_errors), name, where);
  }
  template <class Other>
  void go(Other, std::string_view = {}, std::source_location = std::source_location::current()) {
    static_assert(
        detail::never<Other>,
        "go takes a Task<> or a Task<Result<>>, or a function that returns one, because any other "
        "value would be lost: await it, or gather it; for an asio::awaitable, include leash/awaitable.hpp");
  }

  /// Cancels its tasks; join then succeeds unless something else fails.
  void cancel(std::error_code cause = {}) noexcept;

  std::size_t live() const noexcept { return live_; }

  /// Result<>, when all tasks have ended. May be awaited again after more tasks were started; after a failure, each join
  /// returns the same failure.
  class [[nodiscard]] Join;
  Join join() noexcept;
  /// Returns the context's error if the context is done before: the tasks go on and can be joined again.
  Join join(const Context& until) noexcept;

 private:
  friend class detail::LoopState;
  friend struct detail::TaskRecord;
  struct ParentWatch : detail::Dependent {
    explicit ParentWatch(Scope& s) noexcept;
    Scope& scope;
  };
  void start(detail::PromiseBase& root, bool returns_result, std::string_view name,
             const std::source_location& where);
  void task_ended(std::error_code error, const std::exception_ptr& exception) noexcept;
  void fail(std::error_code error) noexcept;
  bool failed() const noexcept { return error_ || exception_; }

  Context parent_;
  Cancelable own_;
  detail::TaskRecord* holder_;  ///< the task that made it; null: none, or it has ended
  detail::List<detail::InScope> tasks_;
  std::size_t live_ = 0;
  std::error_code error_;         ///< the first error
  std::exception_ptr exception_;  ///< or the first exception
  bool rethrown_ = false;         ///< a join has rethrown it
  detail::TaskRecord* joiner_ = nullptr;
  bool ended_by_us_ = false;  ///< cancel() was called, or a task failed
  OnFailure on_failure_;
  ParentWatch watch_;
};

class Scope::Join : public detail::AwaiterTag {
 public:
  explicit Join(Scope& scope) noexcept : scope_(scope), deadline_(*this) {}
  Join(Scope& scope, detail::SignalNode& until) noexcept : scope_(scope), until_(&until), deadline_(*this) {}
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  ~Join() {
    if (waiting_) scope_.joiner_ = nullptr;
  }
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<>);
  Result<> await_resume();

 private:
  struct Deadline : detail::Dependent {
    explicit Deadline(Join& j) noexcept;
    Join& join;
  };
  Scope& scope_;
  detail::Ref<detail::SignalNode> until_;  ///< null: without a context
  Deadline deadline_;
  bool waiting_ = false;
  bool gave_up_ = false;  ///< `until` was done first
};

}  // namespace leash
