// SPDX-License-Identifier: BSL-1.0
#pragma once
// Cancels a scenario at every await it passes. Part of the target leash::gtest.
//
// What it is     every_step(scenario) runs the scenario repeatedly, each time on a new loop and canceling its context one
//                step later, until it ends before it could be canceled. The loop's turn budget is 1, so that a step is
//                the code from one await to the next.
// Guarantees     each run must end within ten seconds without a live task, context, timer or exception; otherwise the
//                current test fails at the caller's line. Returns the number of steps.
// Threads        the test's thread.
// Lifetime       io_context and loop are destroyed before the next run.
//
//   const int steps = leash::testing::every_step([](leash::Context ctx) -> leash::Task<> {
//     leash::Channel<int> numbers(1);
//     (void)co_await numbers.send(ctx, 1);
//     (void)co_await numbers.receive(ctx);
//   });
//   EXPECT_GE(steps, 2);

#include <functional>
#include <source_location>
#include <utility>

#include "leash/context.hpp"
#include "leash/detail/asio.hpp"
#include "leash/detail/step_runs.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace leash::testing {
inline namespace LEASH_FLAVOR {

/// For a scenario that needs the loop or its io_context.
inline int every_step(const std::function<Task<>(Context, Loop&)>& scenario,
                      std::source_location where = std::source_location::current()) {
  leash::detail::StepRuns runs(where);
  for (bool more = true; more;) {
    asio::io_context io{1};
    LoopOptions options;
    options.turn_budget = 1;
    Loop loop{io, std::move(options)};
    more = runs.run(loop, [&](Context ctx) { return scenario(std::move(ctx), loop); });
  }
  return runs.steps();
}
inline int every_step(const std::function<Task<>(Context)>& scenario,
                      std::source_location where = std::source_location::current()) {
  return every_step([&scenario](Context ctx, Loop&) { return scenario(std::move(ctx)); }, where);
}

}  // namespace LEASH_FLAVOR
}  // namespace leash::testing
