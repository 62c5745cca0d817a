// SPDX-License-Identifier: BSL-1.0
#pragma once
// Cancels a scenario at every await that it passes.
//
// What it is     runs the scenario again and again, each time on a new loop and each time interrupting it one
//                step later, until it ends before it could be interrupted. The loop's turn budget is 1, so that
//                a step is what runs from one await to the next.
// Guarantees     each run has to end: no task alive, no context or timer left, within ten seconds.
// Threads        the test's thread.
//
//   const int steps = support::interrupt_at_every_step([](leash::Context ctx, leash::Loop& loop) {
//     return scenario(ctx, loop);  // a Task<>
//   });
//   EXPECT_GT(steps, 3);

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "leash/context.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace support {

inline constexpr int most_steps = 5000;

// Handlers one by one, counted in `handlers`, until `until` holds; false if it does not within ten seconds.
inline bool step_until(asio::io_context& io, int& handlers, const std::function<bool()>& until) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!until()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    if (io.stopped()) io.restart();
    handlers += static_cast<int>(io.run_one_for(std::chrono::milliseconds(5)));
  }
  return true;
}

inline void expect_nothing_left(const leash::Loop& loop, int step) {
  EXPECT_EQ(leash::live_tasks(loop), 0u) << "interrupted at step " << step << "\n"
                                         << to_text(leash::take_dump(loop));
  EXPECT_EQ(loop.metrics()->contexts_live.get(), 0u) << "interrupted at step " << step;
  EXPECT_EQ(loop.metrics()->contexts_held.get(), 0u) << "interrupted at step " << step;
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u) << "interrupted at step " << step;
  EXPECT_EQ(loop.metrics()->exceptions.get(), 0u) << "interrupted at step " << step;
}

// How many steps the scenario has when it is not interrupted.
inline int interrupt_at_every_step(
    const std::function<leash::Task<>(leash::Context, leash::Loop&)>& scenario) {
  for (int step = 0; step < most_steps; ++step) {
    asio::io_context io{1};
    leash::LoopOptions options;
    options.turn_budget = 1;
    leash::Loop loop{io, std::move(options)};
    int taken = 0;
    {
      auto [ctx, cancel] = leash::with_cancel(loop.background());
      leash::go(ctx, scenario(ctx, loop), "scenario");
      (void)step_until(io, taken, [&] { return leash::live_tasks(loop) == 0 || taken == step; });
      if (leash::live_tasks(loop) == 0) return taken;
      cancel();
    }
    (void)step_until(io, taken, [&] { return leash::live_tasks(loop) == 0; });
    expect_nothing_left(loop, step);
    if (::testing::Test::HasFailure()) return step;
  }
  ADD_FAILURE() << "the scenario does not end within " << most_steps << " steps";
  return most_steps;
}

}  // namespace support
