// SPDX-License-Identifier: BSL-1.0
#include "leash/every_step.hpp"

#include <gtest/gtest-spi.h>

#include <string>

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

}  // namespace
}  // namespace leash::testing
