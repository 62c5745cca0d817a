#include "leash/detail/loop_state.hpp"

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <cstring>
#include <ctime>
#include <utility>

#include "leash/check.hpp"
#include "leash/scope.hpp"
#include "leash/snapshot.hpp"
#include "leash/task.hpp"

namespace leash::detail {

PromiseBase::PromiseBase(std::source_location definition) noexcept
    : where(definition), bytes(current.new_frame_bytes) {}

TaskRecord::TaskRecord(ContextNode& context, PromiseBase& root) noexcept
    : Dependent(&LoopState::owner_done), owner(&context), innermost(&root) {}

LoopState::LoopState(asio::io_context& io_context, Clock* clock, const Settings& settings)
    : io_(io_context),
      clock_(clock),
      settings_(settings),
      timer_(std::in_place, io_context),
      figures_(std::make_shared<Figures>()),
      tasks_(std::make_unique<std::array<List<TaskRecord>, Figures::max_sites>>()),
      grace_timer_(*this,
                   [](Timer& timer) noexcept { static_cast<OwnTimer&>(timer).loop.promote_orphans(); }),
      reap_timer_(*this, [](Timer& timer) noexcept { static_cast<OwnTimer&>(timer).loop.reap_old(); }) {
  background_ = new SignalNode(*this, nullptr);
  never_ = new SignalNode(*this, nullptr);
  for (SignalNode* node : {background_, never_}) {
    node->retain();
    node->reported = false;
    figures_->contexts_live.subtract();
  }
  if (clock_) {
    clock_->on_move(this,
                    [this] { asio::post(io_, [self = Ref<LoopState>(this)] { self->fire_timers(); }); });
  }
}

// --- turns ---

// All code of tasks and callbacks runs inside a turn. What becomes ready meanwhile runs before the turn ends,
// up to the budget; the rest is posted, so that other handlers of the io_context get their share.
struct LoopState::Turn {
  explicit Turn(LoopState& state) noexcept : loop(&state) {
    loop->check_thread();
    loop->in_turn_ = true;
    loop->budget_ = loop->settings_.turn_budget;
#ifndef NDEBUG
    loop->thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
#endif
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    loop->drain();
    loop->in_turn_ = false;
#ifndef NDEBUG
    loop->thread_.store({}, std::memory_order_relaxed);
#endif
    loop->arm();
  }
  Ref<LoopState> loop;
};

void LoopState::check_thread() const noexcept {
#ifndef NDEBUG
  const std::thread::id running = thread_.load(std::memory_order_relaxed);
  check(running == std::thread::id{} || running == std::this_thread::get_id(),
        "a loop's tasks, contexts and channels belong to its thread; this is another one");
#endif
}

void LoopState::drain() noexcept {
  while (!closing_) {
    if (auto* hook = callbacks_.front()) {
      hook->unlink();
      auto& callback = static_cast<Callback&>(*hook);
      callback.run(callback);
    } else if (auto* ready = ready_.front()) {
      ready->unlink();
      resume(static_cast<TaskRecord&>(*ready));
    } else {
      return;
    }
    if (budget_ == 0 || --budget_ == 0) break;
  }
  if (!closing_ && (!callbacks_.empty() || !ready_.empty())) post_drain();
}

void LoopState::post_drain() noexcept {
  if (drain_posted_) return;
  drain_posted_ = true;
  asio::post(io_, [self = Ref<LoopState>(this)] {
    self->drain_posted_ = false;
    if (!self->closing_) Turn turn(*self);
  });
}

void LoopState::call_soon(Callback& callback) noexcept {
  if (closing_) return;
  callbacks_.push_back(callback);
  if (!in_turn_) post_drain();
}

// --- tasks ---

TaskRecord& LoopState::start(ContextNode& owner, PromiseBase& root, bool returns_result,
                             std::string_view task_name, const std::source_location& where, Scope* scope) {
  check_thread();
  check(!closed_, "a task was started on a loop that no longer exists");
  auto& task = scope ? *new ScopedTaskRecord(owner, root, *scope) : *new TaskRecord(owner, root);
  task.id = ++last_id_;
  // Of an orphan from the start, latencies are measured from it; of others only ages.
  task.started = owner.signal->done() ? now() : coarse_now();
  task.returns_result = returns_result;
  task.bytes = root.bytes;
  if (!task_name.empty()) {
    task.name = std::make_unique<char[]>(task_name.size() + 1);
    std::memcpy(task.name.get(), task_name.data(), task_name.size());
  }
  task.site = figures_->site(where);

  SiteFigures& site = figures_->at(task.site);
  site.started.add();
  site.live_by_role[static_cast<std::size_t>(task.role())].add();
  site.frame_bytes.add(root.bytes);
  figures_->live_tasks.add();
  List<TaskRecord>& tasks = (*tasks_)[task.site];
  if (tasks.empty())
    site.oldest_started.store(task.started.time_since_epoch().count(), std::memory_order_relaxed);
  tasks.push_back(task);

  SignalNode& signal = *owner.signal;
  if (signal.done()) {
    make_orphan(task);
  } else {
    attach(signal, task);
    task.detached = &signal == background_ || &signal == never_;
    if (task.detached) site.detached.add();
  }
  schedule(task);
  return task;
}

void LoopState::set_wait(TaskRecord& task, WaitKind kind) noexcept {
  if (task.leaked && task.wait != kind) {
    SiteFigures& site = figures_->at(task.site);
    site.leaked[static_cast<std::size_t>(task.wait)].subtract();
    site.leaked[static_cast<std::size_t>(kind)].add();
  }
  task.wait = kind;
}

void LoopState::park(TaskRecord& task, WaitKind kind) noexcept {
  set_wait(task, kind);
  task.waits_since = coarse_now();
}

void LoopState::schedule(TaskRecord& task) noexcept {
  check_thread();
  if (closing_ || static_cast<Hook<Ready>&>(task).linked()) return;
  set_wait(task, WaitKind::none);
  ready_.push_back(task);
  if (!in_turn_) post_drain();
}

void LoopState::resume_from_handler(TaskRecord& task) noexcept {
  if (closing_) return;
  if (in_turn_ || finishing_) {
    schedule(task);
    return;
  }
  Turn turn(*this);
  resume(task);
}

// The trampoline: frames suspend back to here and say where to go on, so that the stack does not grow with
// the number of awaits (symmetric transfer does not promise that on GCC 12).
void LoopState::resume(TaskRecord& task) noexcept {
  if (task.doomed) {
    destroy(task);
    return;
  }
  std::exception_ptr exception;
  const Current outer = std::exchange(current, Current{&task, &exception, nullptr, 0});
  set_wait(task, WaitKind::none);
  task.running = true;
  current.next = task.innermost->handle();
  while (current.next) std::exchange(current.next, nullptr).resume();
  task.running = false;
  current = outer;
  if (task.ended) {
    end(task, exception);
  } else if (task.doomed) {
    destroy(task);
  }
}

void LoopState::end(TaskRecord& task, const std::exception_ptr& exception) noexcept {
  PromiseBase& root = *task.innermost;
  std::error_code error;
  if (task.returns_result && !exception) {
    const auto& result = *static_cast<Promise<Result<>>&>(root).value;
    if (!result) error = result.error();
  }
  Outcome outcome = Outcome::returned;
  if (exception || (error && !is_cancellation(error))) {
    outcome = Outcome::error;
  } else if (error || (!task.returns_result && task.owner->signal->done())) {
    outcome = Outcome::canceled;
  }
  Scope* const scope = task.scope();
  // A scope keeps one failure for join; a later exception would be lost.
  if (exception && (!scope || scope->failed())) report_exception(exception, &task);
  task.innermost = nullptr;
  root.handle().destroy();
  forget(task, outcome);
  if (scope) scope->task_ended(error, exception);
}

void LoopState::destroy(TaskRecord& task) noexcept {
  if (task.running) {
    task.doomed = true;
    return;
  }
  static_cast<Hook<Ready>&>(task).unlink();
  Scope* const scope = task.scope();
  // A frame's destructors may run code of the user, which sees the frames that are left.
  while (PromiseBase* frame = task.innermost) {
    task.innermost = frame->parent;
    if (frame->holder) *frame->holder = nullptr;
    frame->handle().destroy();
  }
  forget(task, Outcome::reaped);
  if (scope) scope->task_ended({}, nullptr);
}

void LoopState::forget(TaskRecord& task, Outcome outcome) noexcept {
  SiteFigures& site = figures_->at(task.site);
  site.finished[static_cast<std::size_t>(outcome)].add();
  site.live_by_role[static_cast<std::size_t>(task.role())].subtract();
  site.frame_bytes.subtract(task.bytes);
  figures_->live_tasks.subtract();
  if (task.detached) site.detached.subtract();
  if (task.orphan) {
    site.orphaned.subtract();
    figures_->observe_cancel_latency(now() - task.orphan_since());
  }
  if (task.leaked) site.leaked[static_cast<std::size_t>(task.wait)].subtract();

  List<TaskRecord>& tasks = (*tasks_)[task.site];
  for (auto* hook = cursors_.front(); hook; hook = cursors_.next(*hook)) {
    auto& cursor = static_cast<TaskCursor&>(*hook);
    if (cursor.next == &task) cursor.next = static_cast<TaskRecord*>(tasks.next(task));
  }
  const bool was_oldest = tasks.front() == static_cast<Hook<TaskRecord>*>(&task);
  static_cast<Hook<TaskRecord>&>(task).unlink();
  if (was_oldest) {
    auto* oldest = tasks.front();
    site.oldest_started.store(
        oldest ? static_cast<TaskRecord&>(*oldest).started.time_since_epoch().count() : 0,
        std::memory_order_relaxed);
  }
  if (task.in_scope) {
    delete static_cast<ScopedTaskRecord*>(&task);
  } else {
    delete &task;
  }
  // Or run() would not return before they are over.
  if (orphans_.empty()) remove_timer(grace_timer_);
  if (leaked_.empty()) remove_timer(reap_timer_);
}

TaskRecord* LoopState::next_task(TaskCursor& cursor) noexcept {
  if (!static_cast<Hook<TaskCursor>&>(cursor).linked()) cursors_.push_back(cursor);
  for (; cursor.site < Figures::max_sites; ++cursor.site, cursor.at_site = false) {
    List<TaskRecord>& tasks = (*tasks_)[cursor.site];
    if (!cursor.at_site) cursor.next = static_cast<TaskRecord*>(tasks.front());
    cursor.at_site = true;
    if (TaskRecord* const task = cursor.next) {
      cursor.next = static_cast<TaskRecord*>(tasks.next(*task));
      return task;
    }
  }
  return nullptr;
}

void LoopState::report_exception(std::exception_ptr exception, const TaskRecord* task) noexcept {
  figures_->exceptions.add();
  if (!task) {
    on_exception(exception, nullptr);
    return;
  }
  const TaskInfo info = describe(*task, now());
  on_exception(exception, &info);
}

TaskRecord* LoopState::newest_task() noexcept {
  TaskRecord* newest = nullptr;
  for (List<TaskRecord>& tasks : *tasks_) {
    if (auto* hook = tasks.back()) {
      auto& task = static_cast<TaskRecord&>(*hook);
      if (!newest || task.id > newest->id) newest = &task;
    }
  }
  return newest;
}

// --- orphans ---

void LoopState::owner_done(Dependent& dependent) noexcept {
  auto& task = static_cast<TaskRecord&>(dependent);
  task.loop().make_orphan(task);
}

void LoopState::make_orphan(TaskRecord& task) noexcept {
  SiteFigures& site = figures_->at(task.site);
  if (task.detached) site.detached.subtract();
  task.detached = false;
  task.orphan = true;
  site.orphaned.add();
  orphans_.push_back(task);
  arm_grace();
}

void LoopState::make_leaked(TaskRecord& task) noexcept {
  task.leaked = true;
  SiteFigures& site = figures_->at(task.site);
  site.leaked[static_cast<std::size_t>(task.wait)].add();
  site.leaks.add();
  static_cast<Hook<Dependent>&>(task).unlink();
  leaked_.push_back(task);
}

void LoopState::arm_grace() noexcept {
  if (grace_timer_.armed() || closing_ || settings_.grace == Duration::max()) return;
  if (auto* hook = orphans_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_timer(grace_timer_, later(task.orphan_since(), settings_.grace));
  }
}

void LoopState::arm_reaper() noexcept {
  if (reap_timer_.armed() || closing_ || settings_.reap_after == Duration::max()) return;
  if (auto* hook = leaked_.front()) {
    const auto& task = static_cast<const TaskRecord&>(static_cast<const Dependent&>(*hook));
    add_timer(reap_timer_, later(task.orphan_since(), settings_.reap_after));
  }
}

void LoopState::promote_orphans() noexcept {
  const TimePoint old_enough = now() - settings_.grace;
  while (auto* hook = orphans_.front()) {
    auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
    if (task.orphan_since() > old_enough) break;
    make_leaked(task);
  }
  arm_grace();
  arm_reaper();
}

void LoopState::reap_old() noexcept {
  const TimePoint old_enough = now() - settings_.reap_after;
  reap([&](const TaskRecord& task) { return task.orphan_since() <= old_enough; }, SIZE_MAX);
  arm_reaper();
}

std::size_t LoopState::reap(List<Dependent>& chosen) noexcept {
  check_thread();
  std::size_t waiting = 0;
  // What a frame destroys may destroy others that were chosen: those unlink themselves.
  while (auto* hook = chosen.front()) {
    auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
    hook->unlink();
    if (task.uncancellable) {
      task.doomed = true;
      reaping_.push_back(task);
      ++waiting;
    } else {
      if (task.running) reaping_.push_back(task);
      destroy(task);
    }
  }
  return waiting;
}

// --- contexts ---

void LoopState::finish(SignalNode& node, errc err, std::error_code cause, bool inherited) noexcept {
  if (node.done()) return;
  check_thread();
  // Latencies are measured from it where somebody has to hear of the end; else a coarse reading will do.
  const TimePoint at = node.dependents.empty() ? coarse_now() : now();
  const auto mark = [&](SignalNode& marked) {
    remove_timer(marked);
    marked.err = err;
    marked.cause = cause;
    marked.done_at = at;
    if (marked.reported) {
      figures_->contexts_live.subtract();
      figures_->contexts_held.add();
    }
  };
  const auto count = [&](Cause why) { figures_->contexts_done[static_cast<std::size_t>(why)].add(); };

  // First the whole subtree is done, then anybody is told.
  List<Dependent> subtree;
  static_cast<Hook<Dependent>&>(node).unlink();
  subtree.push_back(node);
  node.retain();
  mark(node);
  if (node.reported) {
    Cause why = Cause::other;
    if (cause == errc::finished) why = Cause::finished;
    if (cause == errc::canceled) why = Cause::canceled;
    if (cause == errc::disconnected) why = Cause::disconnected;
    if (cause == errc::shutdown) why = Cause::shutdown;
    if (err == errc::deadline_exceeded) why = Cause::deadline;
    if (inherited) why = Cause::parent;
    count(why);
  }
  for (auto* hook = subtree.front(); hook; hook = subtree.next(*hook)) {
    auto& parent = static_cast<SignalNode&>(static_cast<Dependent&>(*hook));
    for (auto* next = parent.dependents.front(); next;) {
      auto& dependent = static_cast<Dependent&>(*next);
      next = parent.dependents.next(*next);
      if (dependent.on_done != &SignalNode::parent_done) continue;
      auto& child = static_cast<SignalNode&>(dependent);
      child.Hook<Dependent>::unlink();
      subtree.push_back(child);
      child.retain();
      mark(child);
      if (child.reported) count(Cause::parent);
    }
  }

  const bool nested = std::exchange(finishing_, true);
  while (auto* hook = subtree.front()) {
    hook->unlink();
    auto& done = static_cast<SignalNode&>(static_cast<Dependent&>(*hook));
    while (auto* waiting = done.dependents.front()) {
      waiting->unlink();
      auto& dependent = static_cast<Dependent&>(*waiting);
      dependent.on_done(dependent);
    }
    done.release();
  }
  finishing_ = nested;
}

// --- time ---

TimePoint LoopState::coarse_now() const noexcept {
  if (clock_) return clock_->now();
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

void LoopState::add_timer(Timer& timer, TimePoint when) {
  if (closing_) return;
  timers_.add(timer, when);
  if (counts(timer)) figures_->timers_armed.add();
  if (!in_turn_) arm();
}

void LoopState::remove_timer(Timer& timer) noexcept {
  if (!timer.armed()) return;
  timers_.remove(timer);
  if (counts(timer)) figures_->timers_armed.subtract();
  if (!in_turn_) arm();
}

void LoopState::fire_timers() noexcept {
  if (closing_) return;
  const Turn turn(*this);
  const TimePoint time = now();
  while (Timer* due = timers_.pop_due(time)) {
    if (counts(*due)) figures_->timers_armed.subtract();
    due->fire(*due);
  }
}

// One steady_timer stands for all. It is armed upwards to a grid, never armed later than it is (a spurious
// wake-up is cheaper), and let go when no timer is left and no operation is in flight, so that
// io_context::run can return.
void LoopState::arm() noexcept {
  if (closing_ || clock_) return;
  const std::optional<TimePoint> earliest = timers_.earliest();
  if (!earliest) {
    if (armed_for_ != TimePoint::max() && operations_.empty()) {
      armed_for_ = TimePoint::max();
      ++arming_;
      timer_->cancel();
    }
    return;
  }
  if (*earliest >= armed_for_) return;
  const Duration since_epoch = earliest->time_since_epoch();
  const Duration::rep grid = std::max<Duration::rep>(settings_.timer_grid.count(), 1);
  constexpr Duration::rep most = last_instant.time_since_epoch().count();
  const Duration::rep ticks = since_epoch.count();
  armed_for_ = TimePoint(Duration(ticks > most - grid ? most : (ticks + grid - 1) / grid * grid));
  timer_->expires_at(armed_for_);
  timer_->async_wait([self = Ref<LoopState>(this), arming = ++arming_](const std::error_code&) {
    if (self->closing_ || self->arming_ != arming) return;
    self->armed_for_ = TimePoint::max();
    self->fire_timers();
  });
}

std::uint32_t LoopState::random() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

// --- the end ---

bool LoopState::stuck() const noexcept {
  const bool reaps = settings_.reap_after != Duration::max();
  const std::size_t wakes_nobody = grace_timer_.armed() && !reaps ? 1 : 0;
  return figures_->live_tasks.get() != 0 && operations_.empty() && timers_.size() == wakes_nobody &&
         ready_.empty() && callbacks_.empty();
}

bool LoopState::deadlocked() {
  if (!stuck()) return false;
  const bool may_be_reaped = settings_.reap_after != Duration::max();
  if (may_be_reaped) return false;
  remove_timer(grace_timer_);
  io_.restart();
  io_.poll();
  const bool out_of_work = io_.stopped();
  arm_grace();
  return out_of_work && stuck();
}

void LoopState::close(const std::function<void()>& before_frames_are_destroyed) noexcept {
  check(!in_turn_, "Loop destroyed by one of its own tasks or callbacks");
  check_thread();
  closing_ = true;
  if (clock_) clock_->on_move(this, nullptr);
  finish(*background_, errc::canceled, errc::shutdown);
  finish(*never_, errc::canceled, errc::shutdown);

  // Operations that can be cancelled have been; their handlers run now and resume nobody.
  const auto cancellable_in_flight = [this] {
    for (auto* hook = operations_.front(); hook; hook = operations_.next(*hook)) {
      if (static_cast<Operation&>(*hook).cancellable) return true;
    }
    return false;
  };
  io_.restart();
  const auto work = asio::make_work_guard(io_);  // an operation may be on its way from another thread
  const TimePoint give_up = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (cancellable_in_flight()) {
    io_.run_one_for(std::chrono::milliseconds(10));
    if (std::chrono::steady_clock::now() > give_up) break;  // an operation that ignores its cancellation
  }

  if (newest_task()) before_frames_are_destroyed();
  while (TaskRecord* task = newest_task()) destroy(*task);
  while (auto* hook = callbacks_.front()) {
    hook->unlink();
    auto& callback = static_cast<Callback&>(*hook);
    callback.run(callback);  // sees that the loop is closing
  }
  closed_ = true;
  clock_ = nullptr;
  timer_.reset();
  background_->release();
  never_->release();
}

// --- context nodes ---

void ContextNode::release() noexcept {
  ContextNode* node = this;
  while (node && --node->refs == 0) {
    ContextNode* const above = node->parent;
    delete node;
    node = above;
  }
}

SignalNode::SignalNode(LoopState& state, ContextNode* node_parent) noexcept
    : ContextNode(Kind::signal, node_parent, this),
      Dependent(&SignalNode::parent_done),
      Timer(&SignalNode::deadline_passed),
      loop(&state) {
  loop->retain();
  loop->figures()->contexts_live.add();
}

SignalNode::~SignalNode() {
  loop->remove_timer(*this);
  if (reported) (done() ? loop->figures()->contexts_held : loop->figures()->contexts_live).subtract();
  loop->release();
}

// They are done before anybody is told.
void SignalNode::parent_done(Dependent&) noexcept { fail("a context was told of its parent's end twice"); }

void SignalNode::deadline_passed(Timer& timer) noexcept {
  auto& node = static_cast<SignalNode&>(timer);
  const std::error_code cause = node.cause ? node.cause : make_error_code(errc::deadline_exceeded);
  node.loop->finish(node, errc::deadline_exceeded, cause);
}

}  // namespace leash::detail
