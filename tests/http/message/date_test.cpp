// SPDX-License-Identifier: BSL-1.0
#include "http/message/date.hpp"

#include <gtest/gtest.h>

namespace http {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::system_clock;

TEST(FormatDate, IsTheFixedFormOfTheStandard) {
  EXPECT_EQ(format_date(std::chrono::sys_seconds{784111777s}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(std::chrono::sys_seconds{0s}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(sys_days{std::chrono::year{2024} / 2 / 29} + 86399s),
            "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(format_date(sys_days{std::chrono::year{2026} / 12 / 31}), "Thu, 31 Dec 2026 00:00:00 GMT");
}

TEST(DateCache, FormatsAgainOnlyWhenTheSecondChanges) {
  DateCache dates;
  const system_clock::time_point start{784111777s};
  const auto first = dates.at(start);
  EXPECT_EQ(first, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(dates.at(start + 999ms).data(), first.data());
  EXPECT_EQ(dates.at(start + 999ms), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(dates.at(start + 1s), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(dates.at(start), "Sun, 06 Nov 1994 08:49:37 GMT") << "the clock may be set back";
}

}  // namespace
}  // namespace http
