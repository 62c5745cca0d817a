// SPDX-License-Identifier: BSL-1.0
#include "leash/loop_base.hpp"

#include <cstdio>
#include <functional>
#include <new>
#include <utility>

#include "../outside/layout.hpp"
#include "../registry/escape.hpp"
#include "../report/contexts.hpp"
#include "leash/detail/event_loop.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/dump_on_signal.hpp"
#include "leash/error.hpp"
#include "leash/snapshot.hpp"
#include "loop_registry.hpp"

namespace leash {
namespace {

void write_exception(std::exception_ptr exception, const TaskInfo* task) {
  const std::string who = task ? to_text(*task)
                               : std::string(
                                     "a callback of after_func, a scope that was not joined, or a handler "
                                     "that ran while the loop ended\n");
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "leash: exception %s left %s", detail::quoted(e.what()).c_str(), who.c_str());
  } catch (...) {
    std::fprintf(stderr, "leash: an exception of unknown type left %s", who.c_str());
  }
}

// While another thread can wake a task, the io_context has work.
class Running {
 public:
  explicit Running(detail::LoopState& state) noexcept : remote_(state.remote()) {
    remote_->begin_run(state.metrics()->live_tasks.get() != 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { remote_->end_run(); }

 private:
  const std::shared_ptr<detail::LoopRemote> remote_;
};

}  // namespace

LoopBase::LoopBase(std::unique_ptr<detail::EventLoop> events, LoopOptions options)
    : state_(new detail::LoopState(
          std::move(events), options.clock,
          {options.grace, options.reap_after, options.timer_grid, options.turn_budget})),
      background_(state_->background()),
      on_abandoned_(std::move(options.on_abandoned)) {
  check(options.turn_budget > 0, "a Loop was made with a turn_budget of 0");
  state_->retain();
  state_->name = std::move(options.name);
  detail::enter_loop(*this);
  state_->on_exception = options.on_exception ? std::move(options.on_exception) : write_exception;
  outside::enter(*state_);
  detail::dump_on_signal_of_environment();
}

LoopBase::~LoopBase() {
  detail::leave_loop(*this);
  state_->check_thread();
  const auto or_say_so = [this](const auto& f) {
    try {
      f();
    } catch (const std::bad_alloc&) {
      std::fprintf(stderr, "leash: no memory to name what ends with loop %s\n",
                   detail::quoted_if_possible(name()).c_str());
    }
  };
  std::vector<ContextGroup> contexts;  // close() ends them
  or_say_so([&] { contexts = detail::orphaned_contexts(*state_, [](const auto&) { return true; }); });
  bool told = false;
  const auto name_all = [&] {
    told = true;
    std::vector<TaskInfo> tasks;
    const auto name_tasks = [&] {
      if (tasks.empty()) tasks = snapshot(*this);
      return tasks;
    };
    or_say_so([&] {
      detail::tell_abandoned(*this, name_tasks, contexts);
      if (on_abandoned_) on_abandoned_(name_tasks());
    });
  };
  state_->close(std::ref(name_all));  // by reference: a copy would allocate
  if (!told && !contexts.empty())
    or_say_so([&] {
      detail::tell_abandoned(
          *this, [] { return std::vector<TaskInfo>(); }, contexts);
    });
  outside::leave(*state_);
  state_->release();
}

void LoopBase::drain(std::error_code cause) noexcept {
  state_->finish(state_->background(), errc::canceled, cause);
}

Result<std::size_t> LoopBase::run() {
  check(!state_->in_turn(), "Loop::run was called by one of the loop's own tasks or callbacks");
  detail::EventLoop& events = state_->events();
  if (events.stopped()) events.restart();
  std::size_t handlers = 0;
  {
    const Running running(*state_);
    handlers = events.run();
  }
  const bool stuck = state_->stuck() && state_->is_out_of_work(handlers) && state_->stuck();
  // With a waker on another thread, it returned because it was stopped.
  if (stuck && !state_->remote()->has_wakers()) return std::unexpected(make_error_code(errc::deadlock));
  return handlers;
}

TimePoint LoopBase::now() const noexcept { return state_->now(); }
const std::string& LoopBase::name() const noexcept { return state_->name; }
std::shared_ptr<const Metrics> LoopBase::metrics() const noexcept { return state_->metrics(); }

}  // namespace leash
