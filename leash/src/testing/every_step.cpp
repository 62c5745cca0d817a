// SPDX-License-Identifier: BSL-1.0
#include "leash/every_step.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "leash/detail/loop_state.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/metrics.hpp"

namespace leash::testing {
namespace {

constexpr int most_steps = 5000;

// Handlers one by one, counted in `handlers`, until `until` holds, nothing can wake the tasks that are left, or ten
// seconds are over.
void step_until(Loop& loop, int& handlers, const std::function<bool()>& until) {
  asio::io_context& io = loop.io();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!until() && std::chrono::steady_clock::now() < give_up) {
    if (io.stopped()) io.restart();
    const std::size_t ran = io.run_one_for(std::chrono::milliseconds(5));
    if (ran == 0 && loop.state().deadlocked()) return;
    handlers += static_cast<int>(ran);
  }
}

std::string what_is_left(const Loop& loop) {
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

int every_step(const std::function<Task<>(Context, Loop&)>& scenario, std::source_location where) {
  const auto fail = [&](const std::string& text) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << text;
  };
  for (int step = 0; step < most_steps; ++step) {
    asio::io_context io{1};
    LoopOptions options;
    options.turn_budget = 1;
    Loop loop{io, std::move(options)};
    int taken = 0;
    {
      auto [ctx, cancel] = with_cancel(loop.background());
      go(ctx, scenario(ctx, loop), "scenario");
      step_until(loop, taken, [&] { return live_tasks(loop) == 0 || taken == step; });
      if (live_tasks(loop) == 0) return taken;
      cancel();
    }
    step_until(loop, taken, [&] { return live_tasks(loop) == 0; });
    const std::string text = what_is_left(loop);
    if (!text.empty()) fail("canceled at step " + std::to_string(step) + ":\n" + text);
    if (!text.empty() || ::testing::Test::HasFailure()) return step;
  }
  fail("the scenario does not end within " + std::to_string(most_steps) + " steps");
  return most_steps;
}

int every_step(const std::function<Task<>(Context)>& scenario, std::source_location where) {
  return every_step([&scenario](Context ctx, Loop&) { return scenario(std::move(ctx)); }, where);
}

}  // namespace leash::testing
