// SPDX-License-Identifier: BSL-1.0
#include "leash/scope.hpp"

#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/error.hpp"

namespace leash {

Scope::ParentWatch::ParentWatch(Scope& s) noexcept
    : Dependent([](detail::Dependent& dependent) noexcept {
        Scope& watching = static_cast<ParentWatch&>(dependent).scope;
        if (!watching.ended_by_us_ && watching.live_ != 0) watching.fail(watching.own_.ctx.err());
      }),
      scope(s) {}

Scope::Scope(const Context& parent, OnFailure on_failure, std::source_location where)
    : parent_(parent),
      own_(with_cancel(parent, {}, where)),
      holder_(detail::current.task),
      on_failure_(on_failure),
      watch_(*this) {
  if (holder_) holder_->extra().scopes.push_back(*this);
  detail::SignalNode& signal = *own_.ctx.node().signal;
  signal.of_scope = true;
  if (!signal.done()) detail::LoopState::attach(signal, watch_);
}

Scope::~Scope() {
  check(joiner_ == nullptr, "a Scope was destroyed while a task joins it");
  Hook<detail::HeldScope>::unlink();
  watch_.unlink();
  if (live_ != 0) {
    own_.cancel();
    own_.ctx.node().signal->loop->let_go(tasks_);
  }
  if (exception_ && !rethrown_)
    own_.ctx.node().signal->loop->report_exception(exception_, nullptr);  // it was not joined
}

void Scope::start(detail::PromiseBase& root, bool returns_result, std::string_view name,
                  const std::source_location& where) {
  detail::ContextNode& owner = own_.ctx.node();
  detail::TaskRecord& task = owner.signal->loop->start(owner, root, returns_result, name, where, this);
  tasks_.push_back(static_cast<detail::ScopedTaskRecord&>(task));
  if (++live_ == 1 && joiner_) joiner_->loop().park_again(*joiner_, WaitKind::wait_group);
  // The parent has ended before. join reports this if there is a task that it stops.
  if (!ended_by_us_ && own_.ctx.is_done()) fail(own_.ctx.err());
}

void Scope::go(Task<void> task, std::string_view name, std::source_location where) {
  start(task.release(), false, name, where);
}

void Scope::go(Task<Result<>> task, std::string_view name, std::source_location where) {
  start(task.release(), true, name, where);
}

void Scope::cancel(std::error_code cause) noexcept {
  if (own_.ctx.is_done()) return;
  ended_by_us_ = true;
  own_.cancel(cause);
}

void Scope::fail(std::error_code error) noexcept {
  ended_by_us_ = true;
  if (!failed()) error_ = error;
}

void Scope::task_ended(std::error_code error, const std::exception_ptr& exception) noexcept {
  --live_;
  const bool follows_from_cancel = own_.ctx.node().signal->ended_with(error);
  if (!failed() && (exception || (error && !follows_from_cancel))) {
    error_ = error;
    exception_ = exception;
    if (on_failure_ == OnFailure::cancel_others) {
      ended_by_us_ = true;
      own_.cancel(error ? error : make_error_code(errc::canceled));
    }
  }
  if (live_ == 0 && joiner_) joiner_->loop().schedule(*joiner_);
}

Scope::Join Scope::join() noexcept { return Join(*this); }
Scope::Join Scope::join(const Context& until) noexcept { return Join(*this, *until.node().signal); }

// The task that joins continues without the scope, which then neither wakes it nor lets it wait again.
Scope::Join::Deadline::Deadline(Join& j) noexcept
    : Dependent([](detail::Dependent& dependent) noexcept {
        Join& late = static_cast<Deadline&>(dependent).join;
        if (late.scope_.live_ == 0) return;  // all have ended, and the task that joins is about to resume
        late.gave_up_ = true;
        late.waiting_ = false;
        detail::TaskRecord& joiner = *std::exchange(late.scope_.joiner_, nullptr);
        joiner.loop().schedule(joiner);
      }),
      join(j) {}

bool Scope::Join::await_ready() noexcept {
  check(detail::current.task != nullptr, "co_await outside of a task");
  gave_up_ = scope_.live_ != 0 && until_ && detail::nothing_remains(*until_);
  return (scope_.live_ == 0 || gave_up_) && detail::may_go_on(*detail::current.task);
}

void Scope::Join::await_suspend(std::coroutine_handle<>) {
  detail::TaskRecord& task = *detail::current.task;
  if (gave_up_) {
    task.loop().schedule(task);
    return;
  }
  check(scope_.joiner_ == nullptr, "two tasks join the same Scope at the same time");
  if (scope_.holder_ != &task) {
    for (const detail::TaskRecord* above = &task; above; above = above->holder()) {
      check(above->scope() != &scope_, "a task joins its own Scope: it would wait for itself");
    }
  }
  scope_.joiner_ = &task;
  waiting_ = true;
  if (scope_.live_ == 0) {  // ready, but the budget of this turn is used up
    task.loop().schedule(task);
  } else {
    task.loop().park(task, WaitKind::wait_group);
    if (until_) detail::attach(*until_, deadline_);
  }
}

Result<> Scope::Join::await_resume() {
  if (gave_up_) return std::unexpected(detail::error_of(*until_));
  if (std::exchange(waiting_, false)) scope_.joiner_ = nullptr;
  if (scope_.exception_) {
    scope_.rethrown_ = true;
    std::rethrow_exception(scope_.exception_);
  }
  if (scope_.error_) return std::unexpected(scope_.error_);
  return {};
}

}  // namespace leash
