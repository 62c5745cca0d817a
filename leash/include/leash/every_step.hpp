// SPDX-License-Identifier: BSL-1.0
#pragma once
// Cancels a scenario at every await that it passes. Of the target leash::gtest.
//
// What it is     every_step(scenario) runs the scenario again and again, each time on a new loop and each time
//                canceling its context one step later, until it ends before it could be canceled. The loop's turn
//                budget is 1, so that a step is what runs from one await to the next.
// Guarantees     each run has to end: no task alive, no context, timer or exception left, within ten seconds; else the
//                current test fails, at the caller's line. How many steps the scenario has is what it returns.
// Threads        the test's thread.
// Lifetime       io_context and loop are gone when the scenario is run the next time.
//
//   const int steps = leash::testing::every_step([](leash::Context ctx) -> leash::Task<> {
//     leash::Channel<int> numbers(1);
//     (void)co_await numbers.send(ctx, 1);
//     (void)co_await numbers.receive(ctx);
//   });
//   EXPECT_GE(steps, 2);

#include <functional>
#include <source_location>

#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace leash::testing {

int every_step(const std::function<Task<>(Context)>& scenario,
               std::source_location where = std::source_location::current());
/// For a scenario that needs the loop, or its io_context.
int every_step(const std::function<Task<>(Context, Loop&)>& scenario,
               std::source_location where = std::source_location::current());

}  // namespace leash::testing
