// SPDX-License-Identifier: BSL-1.0
// The loop: its time and its end. loop_tasks.cpp has its tasks.
#include "leash/detail/loop_state.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <new>
#include <thread>
#include <utility>

#include "../registry/escape.hpp"
#include "leash/error.hpp"
#include "leash/snapshot.hpp"

namespace leash::detail {
namespace {

void write_task(const TaskRecord& task) noexcept {
  try {
    std::fputs(to_text(describe(task, task.loop().now())).c_str(), stderr);
  } catch (const std::bad_alloc&) {  // the line before contains their number
  }
}

}  // namespace

namespace {

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

LoopState::LoopState(std::unique_ptr<EventLoop> events, Clock* clock, const Settings& settings)
    : id_(next_id()),
      events_(std::move(events)),
      execution_context_(events_->execution_context()),
      flavor_(events_->flavor()),
      remote_(std::make_shared<LoopRemote>(*events_)),
      clock_(clock),
      settings_(settings),
      metrics_(std::make_shared<Metrics>()),
      tasks_(std::make_unique<std::array<List<TaskRecord>, Metrics::max_sites>>()),
      grace_timer_(*this,
                   [](Timer& timer) noexcept { static_cast<OwnTimer&>(timer).loop.promote_orphans(); }),
      reap_timer_(*this, [](Timer& timer) noexcept { static_cast<OwnTimer&>(timer).loop.reap_old(); }) {
  // A turn must not fail for lack of memory. Most loops are run by the thread that makes them.
  (void)thread_mark();
  background_ = new SignalNode(*this, nullptr);
  never_ = new SignalNode(*this, nullptr);
  for (SignalNode* node : {background_, never_}) {
    node->retain();
    node->reported = false;
    metrics_->contexts_live.subtract();
  }
  if (clock_) {
    clock_->on_move(this, [this] { events_->post([self = Ref<LoopState>(this)] { self->fire_timers(); }); });
  }
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
  metrics_->timers_armed.add();
  if (!in_turn_) arm();
}

void LoopState::add_again(Timer& timer, TimePoint when) noexcept {
  timers_.add_in_kept_place(timer, when);
  metrics_->timers_armed.add();
}

void LoopState::add_own_timer(OwnTimer& timer, TimePoint when) noexcept {
  timers_.add_in_kept_place(timer, when);
  if (!in_turn_) arm();
}

void LoopState::remove_timer(Timer& timer) noexcept {
  if (!timer.armed()) return;
  timers_.remove(timer);
  if (counts(timer)) metrics_->timers_armed.subtract();
  if (!in_turn_) arm();
}

void LoopState::fire_timers() noexcept {
  if (closing_) return;
  const Turn turn(*this);
  const TimePoint time = now();
  while (Timer* due = timers_.pop_due(time)) {
    if (counts(*due)) metrics_->timers_armed.subtract();
    due->fire(*due);
  }
}

void LoopState::wait_is_over() noexcept {
  armed_for_ = TimePoint::max();
  fire_timers();  // also when canceled: the end of the turn arms it for the earliest timer
}

// One wait stands for all, so that memory for it is reserved. It is armed upwards to a grid, never armed later than it is (a spurious wake-up is cheaper), and let go when no timer is left and no
// operation is in flight, so that io_context::run can return.
// NOLINTNEXTLINE(bugprone-exception-escape)
void LoopState::arm() noexcept {
  if (closing_ || clock_) return;
  const std::optional<TimePoint> earliest = timers_.earliest();
  if (!earliest) {
    if (armed_for_ != TimePoint::max() && !in_flight()) {
      armed_for_ = TimePoint::max();
      events_->stop_waiting();
    }
    return;
  }
  const Duration since_epoch = earliest->time_since_epoch();
  const Duration::rep grid = std::max<Duration::rep>(settings_.timer_grid.count(), 1);
  constexpr Duration::rep most = last_instant.time_since_epoch().count();
  const Duration::rep ticks = since_epoch.count();
  const TimePoint on_grid(Duration(ticks > most - grid ? most : (ticks + grid - 1) / grid * grid));
  if (on_grid >= armed_for_) return;
  armed_for_ = on_grid;
  try {
    events_->wait_until(*this, armed_for_);
  } catch (const std::bad_alloc&) {  // Asio's queue of timers could not grow
    armed_for_ = TimePoint::max();
    post_drain();  // the end of that turn tries again
  }
}

std::uint32_t LoopState::random() noexcept {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

// --- the end ---

bool LoopState::stuck() const noexcept {
  const bool may_reap = settings_.reap_after != Duration::max() && !orphans_.empty();
  const std::size_t wakes_nobody = grace_timer_.armed() && !may_reap ? 1 : 0;
  return metrics_->live_tasks.get() != 0 && !in_flight() && timers_.size() == wakes_nobody &&
         ready_.empty() && callbacks_.empty();
}

bool LoopState::is_out_of_work(std::size_t& handlers) {
  if (!events_->stopped()) return false;
  struct StopAgain {
    explicit StopAgain(EventLoop& stopped) noexcept : events(stopped) {}
    ~StopAgain() { events.stop(); }
    EventLoop& events;
  };
  const StopAgain as_it_was(*events_);
  events_->restart();
  const std::size_t more = events_->poll_one();
  handlers += more;
  return more == 0 && events_->stopped();  // a handler may have stopped the io_context
}

bool LoopState::deadlocked() {
  if (!stuck() || remote_->has_wakers()) return false;
  remove_timer(grace_timer_);
  events_->restart();
  std::size_t handlers = events_->poll();
  const bool out_of_work = is_out_of_work(handlers);
  arm_grace();
  return out_of_work && stuck() && !remote_->has_wakers();
}

// All operations were canceled, and their handlers resume no task. Operations that ignore the cancellation, such as
// work on another thread, may still use their arguments. They are waited for as long as the io_context has work.
void LoopState::wait_for_operations() noexcept {
  events_->restart();
  const TimePoint told = std::chrono::steady_clock::now();
  bool said = false;
  while (awaited_operations() != 0) {
    std::size_t handlers = 1;
    try {
      handlers = events_->run_one_for(std::chrono::milliseconds(10));
    } catch (...) {
      report_exception(std::current_exception(), nullptr);
    }
    const bool late = std::chrono::steady_clock::now() - told > std::chrono::seconds(1);
    if (late && awaited_operations() != 0 && !std::exchange(said, true)) {
      std::fprintf(
          stderr,
          "leash: %zu operations have not ended 1 s after loop %s canceled them, and its end waits for "
          "%zu of them; a socket or timer must not be moved while an operation waits:\n",
          awaited_operations(), quoted_if_possible(name).c_str(), returning_operations_);
      each_task([](TaskRecord& task) {
        if (task.extra_if_any() && !task.extra_if_any()->operations.empty()) write_task(task);
      });
    }
    if (late && returning_operations_ == 0) return;  // the others release their frames
    if (!events_->stopped()) continue;
    events_->restart();
    if (handlers != 0) continue;
    // It has no work. They can end only if another thread posts their handlers without holding work.
    if (late) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

LoopState::~LoopState() {
  if (ThreadMark* const thread = owner_.load()) thread->release();
}

void LoopState::close(const std::function<void()>& before_frames_are_destroyed) noexcept {
  check(!in_turn_, "Loop destroyed by one of its own tasks or callbacks");
  check_thread();
  take_over(thread_mark());
  closing_ = true;
  if (clock_) clock_->on_move(this, nullptr);
  finish(*background_, errc::canceled, errc::shutdown);
  finish(*never_, errc::canceled, errc::shutdown);

  wait_for_operations();
  if (newest_task_before(UINT64_MAX)) before_frames_are_destroyed();
  for (bool more = true; more;) {  // destructors may start tasks
    const std::uint64_t destroyed_before = destroyed_;
    std::uint64_t id = UINT64_MAX;
    while (TaskRecord* task = newest_task_before(id)) {
      id = task->id;
      end_by_force(*task);
    }
    more = destroyed_ != destroyed_before;
  }
  if (const std::size_t left = metrics_->live_tasks.get(); left != 0) {
    std::fprintf(stderr,
                 "leash: loop %s ends while %zu tasks are in operations that nothing completes: their frames "
                 "stay in memory\n",
                 quoted_if_possible(name).c_str(), left);
  }
  while (auto* hook = callbacks_.front()) {
    hook->unlink();
    auto& callback = static_cast<Callback&>(*hook);
    callback.run(callback);  // sees that the loop is closing
  }
  closed_ = true;
  remote_->close();
  clock_ = nullptr;
  events_->close();
  background_->release();
  std::exchange(never_, nullptr)->release();
}

Ref<SignalNode> LoopState::never() {
  if (never_) return Ref<SignalNode>(never_);
  Ref<SignalNode> done(new SignalNode(*this, nullptr));
  done->reported = false;
  metrics_->contexts_live.subtract();
  finish(*done, errc::canceled, errc::shutdown);
  return done;
}

}  // namespace leash::detail
