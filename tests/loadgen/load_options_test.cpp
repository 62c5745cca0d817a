// SPDX-License-Identifier: BSL-1.0
#include "loadgen/load_options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <expected>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using loadgen::Plan;

std::expected<Plan, std::string> plan_of(std::vector<std::string> arguments) {
  CLI::App app("", "program");
  const loadgen::LoadOptions load(app);
  std::ranges::reverse(arguments);  // CLI11 takes them from the end
  app.parse(arguments);
  return load.make_plan(*http::parse_url("http://127.0.0.1:8080/demo"));
}

TEST(LoadOptionsPlan, HasDefaults) {
  const auto plan = plan_of({});
  ASSERT_TRUE(plan) << plan.error();
  EXPECT_FALSE(plan->is_open());
  EXPECT_EQ(plan->connections, 16u);
  EXPECT_EQ(plan->duration, 10s);
  EXPECT_EQ(plan->warmup, 1s);
  EXPECT_EQ(plan->messages.size(), 1u);
}

TEST(LoadOptionsPlan, OpenLoopHasMoreConnections) {
  const auto plan = plan_of({"--rate", "300", "--abort", "5%"});
  ASSERT_TRUE(plan) << plan.error();
  EXPECT_TRUE(plan->is_open());
  EXPECT_EQ(plan->connections, 64u);
  EXPECT_DOUBLE_EQ(plan->abort_share, 0.05);
}

TEST(LoadOptionsPlan, HasNoWarmupWithNumberOfRequests) {
  EXPECT_EQ(plan_of({"--requests", "5"})->warmup, 0s);
  EXPECT_EQ(plan_of({"--requests", "5"})->duration, std::nullopt);
  EXPECT_EQ(plan_of({"--requests", "5", "--warmup", "2s"})->warmup, 2s);
}

TEST(LoadOptionsPlan, ErrorNamesOption) {
  EXPECT_EQ(plan_of({"--targets", "/no/such"}).error(),
            "--targets: cannot read /no/such: No such file or directory");
}

}  // namespace
