// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/step_runs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "leash/detail/event_loop.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/metrics.hpp"

namespace leash::detail {
namespace {

constexpr int most_steps = 5000;

// Runs handlers one by one and counts them in `handlers`, until `until` is true, until nothing can wake the remaining
// tasks, or for ten seconds.
void step_until(LoopBase& loop, int& handlers, const std::function<bool()>& until) {
  EventLoop& events = loop.state().events();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!until() && std::chrono::steady_clock::now() < give_up) {
    if (events.stopped()) events.restart();
    const std::size_t ran = events.run_one_for(std::chrono::milliseconds(5));
    if (ran == 0 && loop.state().deadlocked()) return;
    handlers += static_cast<int>(ran);
  }
}

std::string what_is_left(const LoopBase& loop) {
  const Metrics& metrics = *loop.metrics();
  std::string text;
  const auto say = [&](const char* what, std::uint64_t count) {
    if (count != 0) text += what + (": " + std::to_string(count)) + "\n";
  };
  say("contexts that are not done", metrics.contexts_live.get());
  say("contexts that are still referenced", metrics.contexts_held.get());
  say("armed timers", metrics.timers_armed.get());
  say("exceptions that escaped a task", metrics.exceptions.get());
  say("live tasks", live_tasks(loop));
  if (live_tasks(loop) != 0) text += to_text(take_dump(loop));
  return text;
}

}  // namespace

void StepRuns::fail(const std::string& text) const {
  ADD_FAILURE_AT(where_.file_name(), static_cast<int>(where_.line())) << text;
}

bool StepRuns::run(LoopBase& loop, const std::function<Task<>(Context)>& scenario) {
  int taken = 0;
  {
    auto [ctx, cancel] = with_cancel(loop.background());
    go(ctx, scenario(ctx), "scenario");
    step_until(loop, taken, [&] { return live_tasks(loop) == 0 || taken == steps_; });
    if (live_tasks(loop) == 0) {
      steps_ = taken;
      return false;
    }
    cancel();
  }
  step_until(loop, taken, [&] { return live_tasks(loop) == 0; });
  const std::string text = what_is_left(loop);
  if (!text.empty()) fail("canceled at step " + std::to_string(steps_) + ":\n" + text);
  if (!text.empty() || ::testing::Test::HasFailure()) return false;
  if (++steps_ < most_steps) return true;
  fail("the scenario does not end within " + std::to_string(most_steps) + " steps");
  return false;
}

}  // namespace leash::detail
