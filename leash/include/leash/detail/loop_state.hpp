// SPDX-License-Identifier: BSL-1.0
#pragma once
// Everything a Loop keeps. Internal. Contexts, channels and handlers may hold it longer than the Loop lives:
// then it is closed, resumes no task and touches its event loop no more.

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>

#include "leash/clock.hpp"
#include "leash/detail/context_node.hpp"
#include "leash/detail/event_loop.hpp"
#include "leash/detail/list.hpp"
#include "leash/detail/loop_remote.hpp"
#include "leash/detail/ref.hpp"
#include "leash/detail/task_record.hpp"
#include "leash/detail/thread_mark.hpp"
#include "leash/detail/timer_queue.hpp"
#include "leash/detail/tracking.hpp"
#include "leash/error.hpp"
#include "leash/metrics.hpp"

namespace leash {
struct TaskInfo;
}  // namespace leash

namespace leash::detail {

struct Selection;

// A function that runs in a turn of its own (after_func), or is dropped if the loop is closing.
struct Callback : Hook<Callback> {
  using Run = void (*)(Callback&);
  explicit Callback(Run f) noexcept : run(f) {}
  Run run;
};

// A pending Asio operation, in the list of the task that started it or awaits it.
struct Operation : Hook<Operation> {
  virtual void stop() noexcept = 0;                               // cancels it, at most once
  virtual std::uint64_t coroutine() const noexcept { return 0; }  // the awaited coroutine, if tracked
  TaskRecord* task = nullptr;                                     // the task in whose list it is
  bool awaited = false;                                           // by that task
  bool cancellable = true;
  // It may use its arguments until its handler has run, so the frames of its task stay until then.
  bool has_to_return = true;
  bool abandoned = false;  // nothing waits for it, not even the end of the loop

 protected:
  ~Operation() = default;
};

// Where a task was started, as the compiler names it.
struct Place {
  const char* file = "";
  const char* function = "";
  std::uint32_t line = 0;
  friend bool operator==(const Place&, const Place&) = default;  // by address: the text may exist twice
};

// A position in the list of tasks, by site and start. It stays valid when tasks end.
struct TaskCursor : Hook<TaskCursor> {
  std::uint16_t site = 0;
  bool only_orphans = false;  // passes over sites that have none
  bool at_site = false;       // the site of `next`; otherwise the first task of this site is next
  TaskRecord* next = nullptr;
};

class LoopState {
 public:
  struct Settings {  // LoopOptions explains them
    Duration grace;
    Duration reap_after;
    Duration timer_grid;
    std::uint32_t turn_budget;
  };
  LoopState(std::unique_ptr<EventLoop> events, Clock* clock, const Settings& settings);
  LoopState(const LoopState&) = delete;
  LoopState& operator=(const LoopState&) = delete;

  // All code of tasks and callbacks runs inside a turn. Tasks that become ready meanwhile run before the turn ends, up
  // to the budget. The rest is posted, so that other handlers of the io_context can run.
  struct Turn {
    explicit Turn(LoopState& state) noexcept;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();
    Ref<LoopState> loop;
    bool inside_another;
    ThreadMark& thread;
    const LoopState* turn_before;  // the turn of another loop, whose task runs the io_context of this one
  };

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) delete this;
  }

  // Time.
  TimePoint now() const noexcept { return clock_ ? clock_->now() : std::chrono::steady_clock::now(); }
  TimePoint coarse_now() const noexcept;  // at most a scheduler tick behind now(), with a fifth of its cost
  void add_timer(Timer& timer, TimePoint when);
  void add_again(Timer& timer, TimePoint when) noexcept;  // while it fires: it keeps its place
  void remove_timer(Timer& timer) noexcept;

  // Contexts.
  SignalNode& background() noexcept { return *background_; }
  Ref<SignalNode> never();  // after the loop's end, a done context
  bool in_turn() const noexcept { return in_turn_; }
  bool may_end(const SignalNode& node) const noexcept { return &node != background_ && &node != never_; }
  // Ends the node and all nodes below it, and then notifies their dependents. `inherited`: because its parent is done.
  void finish(SignalNode& node, errc err, std::error_code cause, bool inherited = false) noexcept;
  static void attach(SignalNode& node, Dependent& dependent) noexcept {
    node.dependents.push_back(dependent);
  }
  // The running task made the node. If it may outlive the task's owner, the loop watches for that.
  void watch_maker(SignalNode& node);
  void forget_maker(SignalNode& node) noexcept {
    if (node.maker) [[unlikely]]
      let_maker_go(node);
  }
  // Contexts that are not done although the owner of the task that made them is.
  template <class F>
  void each_orphaned_context(F f) const {  // F takes a const Maker&
    for (const List<Dependent>* list : {&late_, &outlived_}) {
      for (auto* hook = list->front(); hook; hook = list->next(*hook))
        f(static_cast<const Maker&>(static_cast<const Dependent&>(*hook)));
    }
  }
  std::uint64_t newest_maker() const noexcept { return makers_; }
  const List<Dependent>& held() const noexcept { return held_; }  // contexts that are done, the oldest first

  // Tasks.
  TaskRecord& start(ContextNode& owner, PromiseBase& root, bool returns_result, std::string_view name,
                    const std::source_location& where, Scope* scope);
  void schedule(TaskRecord& task) noexcept;  // it resumes in this turn or the next one
  // The task waits: in a selection, or for something else.
  void park(TaskRecord& task, WaitKind kind, const Selection* selection = nullptr) noexcept;
  bool may_go_on() noexcept { return budget_ != 0 && --budget_ != 0; }  // otherwise a ready await yields
  void resume_from_handler(TaskRecord& task) noexcept;  // at once if nothing runs, otherwise scheduled
  // For a handler of the io_context. `f` returns the task that resumes, or null.
  template <class F>
  void in_handler(F f) noexcept {
    if (in_turn_ || finishing_ || closing_) {
      check_thread();
      if (TaskRecord* const task = f()) task->loop().resume_from_handler(*task);
      return;
    }
    const Turn turn(*this);
    TaskRecord* const task = f();
    if (!task) return;
    if (&task->loop() == this) {
      resume(*task);
    } else {
      task->loop().resume_from_handler(*task);
    }
  }
  void park_again(TaskRecord& task, WaitKind kind) noexcept;  // it was scheduled, but must wait
  // Destroys the tasks of a scope that is being destroyed, the newest first. Tasks in operations are destroyed when
  // these have returned.
  void let_go(List<InScope>& tasks) noexcept;
  struct ReapCount {
    std::size_t ended = 0;
    std::size_t waiting = 0;  // for operations to return
  };
  // Destroys leaked tasks, the oldest orphan first.
  template <class Matches>
  ReapCount reap(Matches matches, std::size_t limit) noexcept {
    List<Dependent> chosen;
    for (auto* hook = leaked_.front(); hook && limit > 0;) {
      auto& task = static_cast<TaskRecord&>(static_cast<Dependent&>(*hook));
      hook = leaked_.next(*hook);
      if (!matches(static_cast<const TaskRecord&>(task))) continue;
      static_cast<Hook<Dependent>&>(task).unlink();
      chosen.push_back(task);
      --limit;
    }
    return reap(chosen);
  }
  void count_uncancellable(const TaskRecord& task) noexcept {
    if constexpr (tracking) metrics_->at(task.site).uncancellable.add();
  }
  void call_soon(Callback& callback) noexcept;
  void report_exception(std::exception_ptr exception, const TaskRecord* task) noexcept;

  template <class F>
  void each_task(F f) {  // by site, in the order of their starts
    for (List<TaskRecord>& tasks : *tasks_) {
      for (auto* hook = tasks.front(); hook; hook = tasks.next(*hook)) f(static_cast<TaskRecord&>(*hook));
    }
  }
  template <class F>
  void each_task_after(std::uint64_t id, F f) {  // started after that one; by site, the newest first
    for (List<TaskRecord>& tasks : *tasks_) {
      for (auto* hook = tasks.back(); hook; hook = tasks.previous(*hook)) {
        const auto& task = static_cast<const TaskRecord&>(*hook);
        if (task.id <= id) break;
        f(task);
      }
    }
  }
  // Returns the task at the cursor, and moves the cursor to the next one; null at the end. Tasks may start and end
  // between two calls.
  TaskRecord* next_task(TaskCursor& cursor) noexcept;
  // Returns false and does nothing if more than this many tasks wait (leash/stranded.hpp).
  bool find_stranded(std::size_t most);
  std::uint64_t newest_id() const noexcept { return last_id_; }
  Place place_of(const TaskRecord& task) const noexcept;
  // The coroutine that awaits the task by leash::as_awaitable; 0 if there is none.
  void set_awaited_by(const TaskRecord& task, std::uint64_t coroutine) { awaited_by_[&task] = coroutine; }
  void awaited_no_more(const TaskRecord& task) noexcept { awaited_by_.erase(&task); }
  std::uint64_t awaited_by(const TaskRecord& task) const noexcept {
    const auto found = awaited_by_.find(&task);
    return found == awaited_by_.end() ? 0 : found->second;
  }

  // Operations.
  void operation_started(const Operation& operation) noexcept { ++in_flight_like(operation); }
  void operation_ended(const Operation& operation) noexcept { --in_flight_like(operation); }
  bool in_flight() const noexcept { return awaited_operations() + abandoned_operations_ != 0; }
  std::optional<TimePoint> next_timer() const noexcept { return timers_.earliest(); }
  bool closing() const noexcept { return closing_; }
  bool stuck() const noexcept;  // tasks are alive, and nothing on this loop's thread can wake them
  // Whether the io_context has just returned for lack of work, and not because it was stopped. To find out, it may have
  // to run a handler, which is counted.
  bool is_out_of_work(std::size_t& handlers);
  bool deadlocked();  // the same after a poll; the only work of the io_context may be the end of the grace

  void close(const std::function<void()>& before_frames_are_destroyed) noexcept;
  // The loop belongs to the thread of its last turn, until another thread has a turn, that thread has ended, or the
  // io_context has stopped. A call from any other thread ends the process with a message.
  void check_thread() noexcept {
    if (owner_.load(std::memory_order_relaxed) != this_thread) [[unlikely]]
      check_other_thread();
  }

  EventLoop& events() const noexcept { return *events_; }
  Flavor flavor() const noexcept { return flavor_; }
  void* execution_context() const noexcept { return execution_context_; }
  // For the event loop's handlers.
  void run_turn() noexcept {
    if (!closing_) const Turn turn(*this);
  }
  void wait_is_over() noexcept;
  // Unique over all loops of the process; never reused.
  std::uint64_t id() const noexcept { return id_; }
  const std::shared_ptr<LoopRemote>& remote() const noexcept { return remote_; }
  const std::shared_ptr<Metrics>& metrics() const noexcept { return metrics_; }
  std::uint32_t random() noexcept;

  std::string name;
  std::function<void(std::exception_ptr, const TaskInfo*)> on_exception;

 private:
  ~LoopState();

  void check_other_thread() noexcept;
  void take_over(ThreadMark& thread) noexcept;
  void drain() noexcept;
  void post_drain() noexcept;
  void fire_timers() noexcept;
  void arm() noexcept;
  void resume(TaskRecord& task) noexcept;
  void end(TaskRecord& task, std::exception_ptr exception) noexcept;
  void forget(TaskRecord& task, Outcome outcome) noexcept;
  void remember_place(const TaskRecord& task, const std::source_location& where) noexcept;
  void track(TaskRecord& task, std::string_view name, const std::source_location& where);
  void untrack(TaskRecord& task, Outcome outcome) noexcept;
  void set_wait(TaskRecord& task, WaitKind kind) noexcept;
  void set_stranded(TaskRecord& task, bool stranded) noexcept;
  void make_orphan(TaskRecord& task) noexcept;
  void make_leaked(TaskRecord& task) noexcept;
  static void maker_done(Dependent& dependent) noexcept;
  void owner_has_ended(Maker& maker, TimePoint since) noexcept;
  void let_maker_go(SignalNode& node) noexcept;
  void arm_grace() noexcept;
  void remove_idle_timers() noexcept;
  void arm_reaper() noexcept;
  void promote_orphans() noexcept;
  void reap_old() noexcept;
  ReapCount reap(List<Dependent>& chosen) noexcept;
  void destroy(TaskRecord& task) noexcept;
  void end_by_force(TaskRecord& task) noexcept;
  static void doom(TaskRecord& task, List<Ready>& doomed) noexcept;
  void destroy_all(List<Ready>& doomed) noexcept;
  void stop_operations(TaskRecord& task) noexcept;
  void wait_for_operations() noexcept;
  std::size_t& in_flight_like(const Operation& operation) noexcept {
    if (operation.abandoned) return abandoned_operations_;
    return operation.has_to_return ? returning_operations_ : plain_operations_;
  }
  std::size_t awaited_operations() const noexcept { return returning_operations_ + plain_operations_; }
  TaskRecord* newest_task_before(std::uint64_t id) noexcept;
  static void owner_done(Dependent& dependent) noexcept;
  friend struct TaskRecord;
  friend struct Maker;

  std::uint32_t refs_ = 0;
  std::uint32_t budget_ = 0;  // of the turn that runs
  bool in_turn_ = false;
  bool finishing_ = false;  // inside finish(), where nothing is resumed inline
  bool closing_ = false;
  bool closed_ = false;
  bool callback_was_last_ = false;  // the last thing that ran in a turn was a callback, not a task

  const std::uint64_t id_;
  const std::unique_ptr<EventLoop> events_;
  void* const execution_context_;
  const Flavor flavor_;
  const std::shared_ptr<LoopRemote> remote_;
  Clock* clock_;  // null for the steady clock; also after the close, because the loop's clock may end then
  const Settings settings_;
  TimerQueue timers_;
  TimePoint armed_for_ = TimePoint::max();

  std::shared_ptr<Metrics> metrics_;
  std::unique_ptr<std::array<List<TaskRecord>, Metrics::max_sites>> tasks_;
  std::unordered_map<const TaskRecord*, std::source_location>
      unlisted_places_;  // of tasks at Metrics::other_site
  std::unordered_map<const TaskRecord*, std::uint64_t> awaited_by_;
  std::uint64_t last_id_ = 0;
  std::uint64_t makers_ = 0;  // ever
  List<Ready> ready_;
  List<Callback> callbacks_;
  std::size_t returning_operations_ = 0;  // in flight
  std::size_t plain_operations_ = 0;
  std::size_t abandoned_operations_ = 0;
  std::uint64_t destroyed_ = 0;  // number of destroyed tasks so far
  List<Dependent> orphans_;      // by orphan_since; leaked tasks are in leaked_
  List<Dependent> leaked_;       // the same; tasks that are being reaped are in neither list
  List<Dependent> late_;         // makers of contexts whose owners are done, by `since`
  List<Dependent> outlived_;     // those whose contexts have outlived the owner
  List<Dependent> held_;
  List<TaskCursor> cursors_;
  struct OwnTimer final : Timer {  // of the loop itself; no metric counts it
    OwnTimer(LoopState& state, Fire f) noexcept : Timer(f), loop(state) {}
    LoopState& loop;
  };
  OwnTimer grace_timer_;
  OwnTimer reap_timer_;
  void add_own_timer(OwnTimer& timer, TimePoint when) noexcept;
  bool counts(const Timer& timer) const noexcept { return &timer != &grace_timer_ && &timer != &reap_timer_; }
  SignalNode* background_ = nullptr;  // counted
  SignalNode* never_ = nullptr;       // counted
  std::uint32_t random_ = 0x9e3779b9;
  std::atomic<ThreadMark*> owner_{nullptr};  // counted; null before the first turn
};

}  // namespace leash::detail
