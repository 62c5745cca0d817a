// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using namespace std::chrono_literals;
using loadgen::all_notes;
using loadgen::test::example_result;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Report, ANoteForEachLimitOfTheLoadGenerator) {
  auto result = example_result(false);
  EXPECT_THAT(all_notes(result), IsEmpty());
  result.own = {.no_descriptors = 3,
                .no_ports = 1,
                .waited = 1000,
                .held_up = 3s,
                .processor_share = 0.99,
                .stopped = true};
  const auto notes = all_notes(result);
  EXPECT_THAT(notes, Contains(HasSubstr("3 requests could not be sent for lack of file descriptors")));
  EXPECT_THAT(notes, Contains(HasSubstr("1 request could not be sent for lack of local ports")));
  EXPECT_THAT(notes, Contains(HasSubstr("1,000 requests waited for a free connection")));
  EXPECT_THAT(notes, Contains(HasSubstr("delayed by up to 3.00 s")));
  EXPECT_THAT(notes, Contains(HasSubstr("used 99% of its processor")));
  EXPECT_THAT(notes, Contains(HasSubstr("stopped by a signal after 15.0 s")));
  EXPECT_EQ(notes.size(), 6u);
}

TEST(Report, NotesMissedRate) {
  auto result = example_result(false);
  result.rate_reached = 200;
  result.requests.sent = 3000;
  result.unsent = 1500;
  result.notes = {"and another one"};
  const auto notes = all_notes(result);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_THAT(notes[0], HasSubstr("200.0 of 300.0 per second; 1,500 requests were due"));
  EXPECT_EQ(notes[1], "and another one");
}

TEST(Report, TimesHaveMilliseconds) {
  const auto midday = std::chrono::sys_days(std::chrono::November / 25 / 2026) + 12h;
  EXPECT_EQ(loadgen::format_time(midday + 7ms), "2026-11-25T12:00:00.007Z");
}

}  // namespace
