// SPDX-License-Identifier: BSL-1.0
#include "leash/every_step.hpp"

#include <gtest/gtest-spi.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"

namespace leash::testing {
namespace {

using namespace std::chrono_literals;

TEST(EveryStep, CancelsAtEachAwaitOfAScenario) {
  int runs = 0;
  int canceled = 0;
  const int steps = every_step([&](Context ctx) -> Task<> {
    ++runs;
    for (int i = 0; i < 3; ++i) {
      const auto slept = co_await sleep(ctx, 1ms);
      if (!slept) {
        ++canceled;
        co_return;
      }
    }
  });
  EXPECT_GE(steps, 3);
  EXPECT_EQ(runs, steps + 1) << "and once to its end";
  EXPECT_GE(canceled, 3);
}

TEST(EveryStep, FailsAtItsCallersLineWhenATaskIsLeft) {
  expect_leaks();
  ::testing::TestPartResultArray failures;
  int line = 0;
  {
    const ::testing::ScopedFakeTestPartResultReporter fake(&failures);
    const auto scenario = [](Context ctx, Loop& loop) -> Task<> {
      go(loop.background(), []() -> Task<> {
        Channel<int> ch;
        (void)co_await ch.receive();
      });
      (void)co_await sleep(ctx, 1ms);
    };
    line = __LINE__ + 1;
    (void)every_step(scenario);
  }
  ASSERT_GE(failures.size(), 1);
  EXPECT_EQ(failures.GetTestPartResult(0).line_number(), line);
  EXPECT_NE(std::string(failures.GetTestPartResult(0).message()).find("live tasks: 1"), std::string::npos)
      << failures.GetTestPartResult(0).message();
}

TEST(EveryStep, FailsWhenAContextATimerOrAnExceptionIsLeft) {
  expect_leaks();
  std::vector<Cancelable> kept;
  std::vector<Context> referenced;
  const auto text_of = [](const std::function<Task<>(Context, Loop&)>& scenario) {
    ::testing::TestPartResultArray failures;
    const ::testing::ScopedFakeTestPartResultReporter fake(&failures);
    (void)every_step(scenario);
    return std::string(failures.size() == 1 ? failures.GetTestPartResult(0).message() : "");
  };
  const auto leave = [&](Context ctx, Loop& loop) -> Task<> {
    kept.push_back(with_timeout(loop.background(), 1h));
    referenced.push_back(ctx);
    (void)co_await sleep(ctx, 1ms);
  };
  const std::string text = text_of(leave);
  for (const char* const part :
       {"contexts that are not done: 1\n", "contexts that are still referenced: 1\n", "armed timers: 1\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  kept.clear();
  referenced.clear();
  const auto throw_one = [](Context ctx, Loop&) -> Task<> {
    const auto slept = co_await sleep(ctx, 1ms);
    if (!slept) throw std::runtime_error("not a cancellation");
  };
  EXPECT_NE(text_of(throw_one).find("exceptions that escaped a task: 1\n"), std::string::npos);
}

}  // namespace
}  // namespace leash::testing
