// SPDX-License-Identifier: BSL-1.0
#pragma once
// Structured tasks: nothing started here outlives its scope (Go: errgroup; trio: nursery).
//
// What it is     starts tasks under a context of its own, a child of the given one, and waits for all of
//                them.
// Guarantees     join returns after every task has ended. The first error or exception of a task, or the end
//                of the parent context while tasks live, cancels the others and is what join returns (or
//                rethrows); what says that it was told to stop afterwards does not count, returned or thrown. With
//                OnFailure::keep_others a failure of one leaves the others alone. An exception that no
//                join rethrows (it was not the first failure, or the scope was not joined) reaches the loop's
//                on_exception. A scope that is destroyed before its tasks have ended (early return, exception)
//                cancels them and destroys their frames on the spot, the newest first, after those of the tasks below
//                them; the frames of a task that is in an operation go when this has returned (leash/via.hpp). So a
//                task that may be in an operation must not use what lies in the frame of a scope that is not joined:
//                join it, or give the task what it uses. No depth of scopes makes the stack grow.
// Misuse         two tasks that join at once, a task that joins the scope it runs in, a join outside of a task, and the
//                end of a scope that another task joins end the process with a message.
// Threads        the loop's thread.
// Lifetime       a local object of a task; not movable. On the heap it may outlive the task that made it, and may be
//                owned by its own tasks: the last of them ends it, and itself.
//                Prefer leash/scoped.hpp, which cannot forget to join.
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

  /// The owner of its tasks.
  const Context& ctx() const noexcept { return own_.ctx; }

  void go(Task<void> task, std::string_view name = {},
          std::source_location where = std::source_location::current());
  void go(Task<Result<>> task, std::string_view name = {},
          std::source_location where = std::source_location::current());

  /// A function that returns one of these; it is called with ctx() if it takes a context, and kept until its task
  /// has ended.
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

  /// Tells its tasks to stop; join then succeeds unless something else went wrong.
  void cancel(std::error_code cause = {}) noexcept;

  std::size_t live() const noexcept { return live_; }

  /// Result<>, when all tasks have ended. May be awaited again after more tasks were started; a scope that has
  /// failed stays failed: each join says the same.
  class [[nodiscard]] Join;
  Join join() noexcept;
  /// The context's error if that is done before: the tasks go on, and can be joined again.
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
  std::error_code error_;         ///< the first one
  std::exception_ptr exception_;  ///< or the first exception
  bool rethrown_ = false;         ///< by a join
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
