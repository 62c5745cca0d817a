// SPDX-License-Identifier: BSL-1.0
// Tasks from start to end. loop_turns.cpp has the turns in which they run, and loop_orphans.cpp the tasks that do not
// end.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/detail/tracking.hpp"
#include "leash/error.hpp"
#include "leash/scope.hpp"
#include "leash/snapshot.hpp"
#include "leash/task.hpp"

namespace leash::detail {

PromiseBase::PromiseBase(std::source_location definition) noexcept
    : where(tracking ? definition : std::source_location{}),
      bytes(std::exchange(current.new_frame_bytes, 0)) {}

TaskRecord::TaskRecord(ContextNode& context, PromiseBase& root) noexcept
    : Dependent(&LoopState::owner_done), owner(&context), innermost(&root) {}

namespace {

void destroy_frame(PromiseBase& frame) noexcept {
  std::exception_ptr* const outer =
      std::exchange(current.exception, nullptr);  // the exception of a destructor belongs to no task
  try {
    frame.handle().destroy();
  } catch (...) {
    fail("a destructor threw an exception while the frame of a task was destroyed");
  }
  current.exception = outer;
}

// If there is no memory for the record, the frame is destroyed.
TaskRecord& new_record(ContextNode& owner, PromiseBase& root, Scope* scope) {
  try {
    if (scope) return *new ScopedTaskRecord(owner, root, *scope);
    return *new TaskRecord(owner, root);
  } catch (...) {
    root.handle().destroy();
    throw;
  }
}

}  // namespace

TaskExtra* TaskExtra::make(std::string_view name) {
  name = name.substr(0, name.find('\0'));
  auto* const made = new (frame_allocate(sizeof(TaskExtra) + name.size() + 1)) TaskExtra;
  auto* const copy = reinterpret_cast<char*>(made + 1);
  name.copy(copy, name.size());
  copy[name.size()] = '\0';
  return made;
}

void TaskRecord::set_name(std::string_view text) noexcept {
  try {
    extra_ = TaskExtra::make(text);
  } catch (const std::bad_alloc&) {  // it has no name then
  }
}

TaskRecord& LoopState::start(ContextNode& owner, PromiseBase& root, bool returns_result,
                             std::string_view task_name, const std::source_location& where, Scope* scope) {
  check_thread();
  check(!closed_, "a task was started on a loop that no longer exists");
  auto& task = new_record(owner, root, scope);
  task.id = ++last_id_;
  task.returns_result = returns_result;
  if constexpr (tracking) track(task, task_name, where);
  (*tasks_)[task.site].push_back(task);
  metrics_->live_tasks.add();
  if (metrics_->live_tasks.get() == 1 && remote_->has_wakers()) remote_->tasks_changed(true);
  schedule(task);
  return task;
}

// Optional, as the name of a task.
void LoopState::remember_place(const TaskRecord& task, const std::source_location& where) noexcept {
  try {
    unlisted_places_.emplace(&task, where);
  } catch (const std::bad_alloc&) {
  }
}

Place LoopState::place_of(const TaskRecord& task) const noexcept {
  if (task.site == Metrics::other_site) {
    if (const auto at = unlisted_places_.find(&task); at != unlisted_places_.end())
      return {at->second.file_name(), at->second.function_name(), at->second.line()};
  }
  const SiteMetrics& site = metrics_->at(task.site);
  return {site.file, site.function, site.line};
}

void LoopState::track(TaskRecord& task, std::string_view task_name, const std::source_location& where) {
  SignalNode& signal = *task.owner->signal;
  // For a task that is an orphan from the start, latencies are measured from this time; for others, only ages.
  task.started = signal.done() ? now() : coarse_now();
  task.bytes = task.innermost->bytes;
  if (!task_name.empty()) task.set_name(task_name);
  task.site = metrics_->site(where);
  if (task.site == Metrics::other_site) remember_place(task, where);

  SiteMetrics& site = metrics_->at(task.site);
  site.started.add();
  site.live_by_role[static_cast<std::size_t>(task.role())].add();
  site.frame_bytes.add(task.bytes);
  if ((*tasks_)[task.site].empty())
    site.oldest_started.store(task.started.time_since_epoch().count(), std::memory_order_relaxed);
  if (signal.done()) {
    make_orphan(task);
  } else {
    attach(signal, task);
    task.detached = !may_end(signal);
    if (task.detached) site.detached.add();
  }
}

void LoopState::untrack(TaskRecord& task, Outcome outcome) noexcept {
  SiteMetrics& site = metrics_->at(task.site);
  site.finished[static_cast<std::size_t>(outcome)].add();
  site.live_by_role[static_cast<std::size_t>(task.role())].subtract();
  site.frame_bytes.subtract(task.bytes);
  if (task.detached) site.detached.subtract();
  if (task.orphan) {
    site.orphaned.subtract();
    if (outcome != Outcome::reaped) metrics_->observe_cancel_latency(between(task.orphan_since(), now()));
  }
  if (task.leaked) {
    site.leaked[static_cast<std::size_t>(task.wait)].subtract();
    if (outcome == Outcome::reaped) site.leaks_reaped.add();
  }
  if (task.stranded) set_stranded(task, false);
  if (task.site == Metrics::other_site) unlisted_places_.erase(&task);

  const List<TaskRecord>& tasks = (*tasks_)[task.site];
  if (tasks.front() != static_cast<Hook<TaskRecord>*>(&task)) return;
  auto* oldest = tasks.next(task);
  site.oldest_started.store(oldest ? static_cast<TaskRecord&>(*oldest).started.time_since_epoch().count() : 0,
                            std::memory_order_relaxed);
}

void LoopState::set_wait(TaskRecord& task, WaitKind kind) noexcept {
  if constexpr (!tracking) return;
  if (task.stranded) [[unlikely]]
    set_stranded(task, false);
  if (task.leaked && task.wait != kind) {
    SiteMetrics& site = metrics_->at(task.site);
    site.leaked[static_cast<std::size_t>(task.wait)].subtract();
    site.leaked[static_cast<std::size_t>(kind)].add();
  }
  task.wait = kind;
}

void LoopState::park(TaskRecord& task, WaitKind kind, const Selection* selection) noexcept {
  set_wait(task, kind);
  if constexpr (!tracking) return;
  task.waits_since = coarse_now();
  PromiseBase& frame = *task.innermost;
  const auto distance = selection ? static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(selection) -
                                                              reinterpret_cast<std::uintptr_t>(&frame))
                                  : 0;
  frame.waits_in = std::abs(distance) < frame.bytes ? static_cast<std::int32_t>(distance) : 0;
}

void LoopState::park_again(TaskRecord& task, WaitKind kind) noexcept {
  static_cast<Hook<Ready>&>(task).unlink();
  park(task, kind);
}

void LoopState::schedule(TaskRecord& task) noexcept {
  check_thread();
  if (closing_ || static_cast<Hook<Ready>&>(task).linked()) return;
  set_wait(task, WaitKind::none);
  ready_.push_back(task);
  if (!in_turn_) post_drain();
}

void LoopState::resume_from_handler(TaskRecord& task) noexcept {
  if (closing_) {
    if (closed_) end_by_force(task);  // it was left in an operation when the loop ended
    return;
  }
  if (in_turn_ || finishing_) {
    schedule(task);
    return;
  }
  Turn turn(*this);
  resume(task);
}

// The trampoline: frames suspend to here and name the next frame, so that the stack does not grow with the number of
// awaits (symmetric transfer does not guarantee that with GCC 12).
void LoopState::resume(TaskRecord& task) noexcept {
  if (task.doomed) {
    end_by_force(task);
    return;
  }
  std::exception_ptr exception;
  const Current outer = std::exchange(current, Current{&task, &exception, nullptr, 0});
  set_wait(task, WaitKind::none);
  task.running = true;
  const std::uint32_t bytes_before = task.bytes;
  current.next = task.innermost->handle();
  while (current.next) std::exchange(current.next, nullptr).resume();
  current = outer;
  if (tracking && task.bytes != bytes_before)
    metrics_->at(task.site).frame_bytes.add(std::uint64_t{task.bytes} - bytes_before);
  if (task.ended) {
    end(task, std::move(exception));
    return;
  }
  task.running = false;
  if (task.doomed) end_by_force(task);
}

namespace {

// The error in an exception, if the exception contains nothing else.
std::error_code error_in(const std::exception_ptr& exception, const EventLoop& events) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const std::system_error& e) {
    return e.code();
  } catch (const std::bad_expected_access<std::error_code>& e) {  // thrown by Result::value()
    return e.error();
  } catch (...) {
    return events.error_in(exception);
  }
}

}  // namespace

// on_exception and destructors of the frame run here, and may end the task's scope or reap. So the task counts as
// running until it is removed, and its scope is read again.
void LoopState::end(TaskRecord& task, std::exception_ptr exception) noexcept {
  PromiseBase& root = *task.innermost;
  const SignalNode& signal = *task.owner->signal;
  std::error_code error;
  if (exception) {
    if (signal.done()) error = error_in(exception, *events_);
    if (signal.ended_with(error)) {  // it was told to stop, and returned that error
      exception = nullptr;
    } else {
      error = {};
    }
  } else if (task.returns_result) {
    const auto& result = *static_cast<Promise<Result<>>&>(root).value;
    if (!result) error = result.error();
  }
  Outcome outcome = Outcome::returned;
  if (exception || (error && !is_cancellation(error) && !signal.ended_with(error))) {
    outcome = Outcome::error;
  } else if (error || (!task.returns_result && signal.done())) {
    outcome = Outcome::canceled;
  }
  // A scope keeps one failure for join, so a later exception must be reported here.
  const bool join_hears = task.scope() && !task.scope()->failed();
  if (exception && !join_hears) report_exception(exception, &task);
  task.innermost = nullptr;
  destroy_frame(root);
  if (exception && join_hears && !task.scope())
    report_exception(exception, &task);       // the frame held the scope
  const Ref<ContextNode> owner = task.owner;  // its values may have destructors
  Scope* const scope = task.scope();
  forget(task, outcome);
  if (scope) scope->task_ended(error, exception);
}

void LoopState::destroy(TaskRecord& task) noexcept {
  task.running = true;
  // Destructors of a frame may run code of the user, which sees the remaining frames.
  while (PromiseBase* frame = task.innermost) {
    task.innermost = frame->parent;
    if (frame->holder) *frame->holder = nullptr;
    destroy_frame(*frame);
  }
  Scope* const scope = task.scope();
  ++destroyed_;
  forget(task, Outcome::reaped);
  if (scope) scope->task_ended({}, nullptr);
}

void LoopState::forget(TaskRecord& task, Outcome outcome) noexcept {
  metrics_->live_tasks.subtract();
  if (metrics_->live_tasks.get() == 0 && remote_->has_wakers()) remote_->tasks_changed(false);
  if constexpr (tracking) untrack(task, outcome);
  for (auto* hook = cursors_.front(); hook; hook = cursors_.next(*hook)) {
    auto& cursor = static_cast<TaskCursor&>(*hook);
    if (cursor.next == &task) cursor.next = static_cast<TaskRecord*>((*tasks_)[task.site].next(task));
  }
  static_cast<Hook<TaskRecord>&>(task).unlink();
  if (TaskExtra* const extra = task.extra_if_any()) {
    while (auto* hook = extra->operations.front()) {
      hook->unlink();
      static_cast<Operation&>(*hook).task = nullptr;
    }
    while (auto* hook = extra->scopes.front()) {
      hook->unlink();
      static_cast<Scope&>(*hook).holder_ = nullptr;
    }
  }
  const bool was_orphan = task.orphan;
  if (task.in_scope) {
    delete static_cast<ScopedTaskRecord*>(&task);
  } else {
    delete &task;
  }
  if (was_orphan) remove_idle_timers();
}

TaskRecord* LoopState::next_task(TaskCursor& cursor) noexcept {
  if (!static_cast<Hook<TaskCursor>&>(cursor).linked()) cursors_.push_back(cursor);
  for (; cursor.site < Metrics::max_sites; ++cursor.site, cursor.at_site = false) {
    if (!cursor.at_site && cursor.only_orphans && metrics_->at(cursor.site).orphaned.get() == 0) continue;
    List<TaskRecord>& tasks = (*tasks_)[cursor.site];
    if (!cursor.at_site) cursor.next = static_cast<TaskRecord*>(tasks.front());
    cursor.at_site = true;
    if (TaskRecord* const task = cursor.next) {
      // The time to visit many tasks is the time of memory accesses. So a record is prefetched three steps before its
      // turn, and its innermost frame two steps before.
      const auto after = [&](TaskRecord* one) {
        return one ? static_cast<TaskRecord*>(tasks.next(*one)) : nullptr;
      };
      cursor.next = after(task);
      TaskRecord* const second = after(cursor.next);
      if (second) __builtin_prefetch(second->innermost);
      if (TaskRecord* const third = after(second)) {
        __builtin_prefetch(third);
        __builtin_prefetch(&third->innermost);
      }
      return task;
    }
  }
  return nullptr;
}

void LoopState::report_exception(std::exception_ptr exception, const TaskRecord* task) noexcept {
  metrics_->exceptions.add();
  std::optional<TaskInfo> info;
  try {
    if (task) info = describe(*task, now());
  } catch (const std::bad_alloc&) {
    std::fputs("leash: an exception left a task, and there is no memory to describe it\n", stderr);
    return;
  }
  try {
    on_exception(exception, info ? &*info : nullptr);
  } catch (const std::bad_alloc&) {
    std::fputs("leash: an exception left a task or a callback, and there is no memory to report it\n",
               stderr);
  } catch (...) {
    fail("LoopOptions::on_exception threw an exception: it must not");
  }
}

TaskRecord* LoopState::newest_task_before(std::uint64_t id) noexcept {
  TaskRecord* newest = nullptr;
  for (List<TaskRecord>& tasks : *tasks_) {
    auto* hook = tasks.back();
    while (hook && static_cast<TaskRecord&>(*hook).id >= id) hook = tasks.previous(*hook);
    if (!hook) continue;
    auto& task = static_cast<TaskRecord&>(*hook);
    if (!newest || task.id > newest->id) newest = &task;
  }
  return newest;
}

}  // namespace leash::detail
