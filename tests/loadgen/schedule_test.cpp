// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using loadgen::parse_stages;
using loadgen::Schedule;
using loadgen::Stage;

constexpr leash::Duration century = std::chrono::hours(24 * 36'500);

TEST(Schedule, EachRequestOfAStepIsDueOnAGrid) {
  const Schedule schedule({{century, 300, 300}});
  EXPECT_EQ(schedule.due(0), 0ms);
  EXPECT_EQ(schedule.due(3), 10ms);
  EXPECT_EQ(schedule.due(300), 1s);
}

TEST(Schedule, TheGridDoesNotDrift) {
  const Schedule thirds({{century, 3, 3}});
  EXPECT_EQ(thirds.due(3'000'000), 1'000'000s);
  const Schedule fast({{century, 1e6, 1e6}});
  EXPECT_EQ(fast.due(123'456'789), 123'456'789us);
  const Schedule slow({{century, 0.001, 0.001}});
  EXPECT_EQ(slow.due(2), 2000s);
}

TEST(Schedule, AStepEndsWhereTheNextBegins) {
  const Schedule schedule({{10s, 100, 100}, {30s, 1000, 1000}});
  EXPECT_EQ(schedule.due(999), 9'990ms);
  EXPECT_EQ(schedule.due(1000), 10s);
  EXPECT_EQ(schedule.due(1001), 10s + 1ms);
  EXPECT_EQ(schedule.due(30'999), 39'999ms);
  EXPECT_EQ(schedule.due(31'000), std::nullopt) << "it would be due at the very end";
}

TEST(Schedule, AStageOfRateZeroIsAPause) {
  const Schedule schedule({{2s, 10, 10}, {5s, 0, 0}, {1s, 10, 10}});
  EXPECT_EQ(schedule.due(19), 1900ms);
  EXPECT_EQ(schedule.due(20), 7s);
  EXPECT_EQ(schedule.due(29), 7900ms);
  EXPECT_EQ(schedule.due(30), std::nullopt);
  EXPECT_EQ(schedule.rate_at(3s), 0);
}

TEST(Schedule, APartOfARequestIsCarriedOn) {
  // 2.5 requests in the first stage, and so the fourth comes half of its 100 ms after the second began.
  const Schedule schedule({{1s, 2.5, 2.5}, {1s, 10, 10}});
  EXPECT_EQ(schedule.due(2), 800ms);
  EXPECT_EQ(schedule.due(3), 1050ms);
}

TEST(Schedule, ARampSendsTheAreaUnderItsRate) {
  const Schedule up({{10s, 0, 100}});
  EXPECT_EQ(up.due(0), 0s);
  EXPECT_EQ(up.due(125), 5s) << "half of the time, a quarter of the area";
  EXPECT_EQ(up.due(320), 8s);
  EXPECT_EQ(up.due(499), leash::Duration(std::llround(1e9 * std::sqrt(99.8))));
  EXPECT_EQ(up.due(500), std::nullopt);
  const Schedule down({{10s, 100, 0}});
  EXPECT_EQ(down.due(375), 5s);
  EXPECT_EQ(down.due(480), 8s);
  EXPECT_DOUBLE_EQ(up.rate_at(2500ms), 25);
  EXPECT_DOUBLE_EQ(down.rate_at(2500ms), 75);
}

TEST(Schedule, TimesNeverDecrease) {
  const Schedule schedule({{700ms, 0, 3000}, {300ms, 3000, 17}, {1s, 0, 0}, {900ms, 17, 1234.5}});
  std::uint64_t request = 0;
  leash::Duration before{};
  for (auto due = schedule.due(0); due; due = schedule.due(++request)) {
    ASSERT_GE(*due, before) << request;
    ASSERT_LT(*due, 2900ms) << request;
    before = *due;
  }
  EXPECT_EQ(request, 2066u) << "1,050 + 452.55 + 563.175, rounded up";
}

TEST(Schedule, SharesSendTogetherWhatOneSends) {
  const std::vector<Stage> stages{{1s, 5, 5}, {2s, 10, 31}};
  const Schedule all(stages);
  std::vector<leash::Duration> expected, sent;
  for (std::uint64_t i = 0; const auto due = all.due(i); ++i) expected.push_back(*due);
  double due_in_half = 0;
  for (std::uint64_t thread = 0; thread < 3; ++thread) {
    const Schedule share(stages, {.first = thread, .step = 3});
    for (std::uint64_t i = 0; const auto due = share.due(i); ++i) sent.push_back(*due);
    due_in_half += std::floor(share.requests_before(1500ms));
    EXPECT_NEAR(share.rate_at(500ms), 5.0 / 3, 1e-9);
    EXPECT_NEAR(*share.rate_between(0s, 3s), *all.rate_between(0s, 3s) / 3, 1e-9);
  }
  std::ranges::sort(sent);
  EXPECT_EQ(sent, expected);
  EXPECT_EQ(expected.size(), 46u);
  EXPECT_EQ(due_in_half, std::floor(all.requests_before(1500ms)));
  EXPECT_EQ(Schedule(stages, {.first = 2, .step = 3}).requests_before(0s), 0);
}

TEST(Stages, AreStepsOrRamps) {
  const auto stages = parse_stages("10s:100,30s:100..1000,500ms:0.5");
  ASSERT_TRUE(stages);
  ASSERT_EQ(stages->size(), 3u);
  EXPECT_EQ((*stages)[0].lasts, 10s);
  EXPECT_EQ((*stages)[0].from, 100);
  EXPECT_EQ((*stages)[0].to, 100);
  EXPECT_EQ((*stages)[1].from, 100);
  EXPECT_EQ((*stages)[1].to, 1000);
  EXPECT_EQ((*stages)[2].to, 0.5);
  EXPECT_EQ(loadgen::length_of(*stages), 40500ms);
  EXPECT_NEAR(loadgen::mean_rate_of(*stages), 17500.25 / 40.5, 1e-9);
}

TEST(Stages, ReportErrorsInOneLine) {
  const auto says = [](std::string_view text) {
    const auto stages = parse_stages(text);
    return stages ? "nothing" : stages.error();
  };
  EXPECT_EQ(says("10s"),
            "'10s' is not a stage: use TIME:RATE or TIME:FROM..TO, such as 10s:100 or 30s:100..1000");
  EXPECT_EQ(says(""), "'' is not a stage: use TIME:RATE or TIME:FROM..TO, such as 10s:100 or 30s:100..1000");
  EXPECT_EQ(says("10s:1,"),
            "'' is not a stage: use TIME:RATE or TIME:FROM..TO, such as 10s:100 or 30s:100..1000");
  EXPECT_EQ(says("10:100"), "duration '10' is not valid; examples: 250us, 500ms, 2s, 1.5s, 1m, 1h, 0");
  EXPECT_EQ(says("0:100"), "'0:100' has no duration");
  for (const auto* text : {"10s:", "10s:fast", "10s:-1", "10s:1..", "10s:..1", "10s:1e7", "10s:nan"}) {
    EXPECT_EQ(says(text),
              "'" + std::string(text) +
                  "' has no valid rate: use RATE or FROM..TO, each from 0 to 1000000 requests per second");
  }
  EXPECT_EQ(says("10s:0,5s:0"), "no stage has a rate greater than 0");
  EXPECT_EQ(says("9000h:1"), "'9000h:1' lasts more than a year");
  EXPECT_EQ(says("5000h:1,5000h:1"), "together they last more than a year");
}

}  // namespace
