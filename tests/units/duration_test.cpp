// SPDX-License-Identifier: BSL-1.0
#include "units/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace units {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::HasSubstr;

TEST(ParseDuration, UnderstandsEveryUnit) {
  const struct {
    std::string_view text;
    nanoseconds duration;
  } cases[] = {
      {"0", 0ns},
      {"0s", 0ns},
      {"250us", 250us},
      {"500ms", 500ms},
      {"2s", 2s},
      {"1.5s", 1500ms},
      {"1m", 1min},
      {"1h", 1h},
      {"7ns", 7ns},
      {"0.001ms", 1us},
      {"1.5h", 90min},
      {"0.5m", 30s},
      {"01s", 1s},
      {"1.50s", 1500ms},
      {"1.0ns", 1ns},
      {"0.000000001s", 1ns},
      {"9223372036854775807ns", nanoseconds::max()},
  };
  for (const auto& one : cases) {
    const auto parsed = parse_duration(one.text);
    ASSERT_TRUE(parsed) << parsed.error();
    EXPECT_EQ(*parsed, one.duration) << one.text;
  }
}

TEST(ParseDuration, ReportsErrorsInOneLine) {
  const struct {
    std::string_view text, error;
  } cases[] = {
      {"", "is not valid; examples: 250us, 500ms, 2s, 1.5s, 1m, 1h, 0"},
      {"1", "is not valid"},
      {"s", "is not valid"},
      {"1 s", "is not valid"},
      {"1.s", "is not valid"},
      {".5s", "is not valid"},
      {"1.5.5s", "is not valid"},
      {"1S", "is not valid"},
      {"1d", "is not valid"},
      {"+1s", "is not valid"},
      {"1e3s", "is not valid"},
      {"1s2", "is not valid"},
      {"1s\n", "is not valid"},
      {"-1s", "negative"},
      {"1.5ns", "whole number"},
      {"0.0000000001s", "whole number"},
      {"9223372037s", "too long"},
      {"9223372036.9s", "too long"},
      {"99999999999999999999s", "too long"},
      {"2562048h", "too long"},
  };
  for (const auto& one : cases) {
    const auto parsed = parse_duration(one.text);
    ASSERT_FALSE(parsed) << one.text;
    EXPECT_THAT(parsed.error(), HasSubstr(one.error)) << one.text;
    EXPECT_EQ(parsed.error().find('\n'), std::string::npos);
  }
}

TEST(FormatDuration, IsShortAndExact) {
  const struct {
    nanoseconds duration;
    std::string_view text;
  } cases[] = {
      {0ns, "0"},
      {1500ms, "1.5s"},
      {90s, "90s"},
      {120s, "2m"},
      {3600s, "1h"},
      {5400s, "90m"},
      {250us, "250us"},
      {1ns, "1ns"},
      {1001ms, "1.001s"},
      {1s + 1us, "1000.001ms"},
      {1s + 1ns, "1000000.001us"},
      {50ms, "50ms"},
      {1050ms, "1.05s"},
      {-1500ms, "-1.5s"},
  };
  for (const auto& one : cases) EXPECT_EQ(format_duration(one.duration), one.text);
  EXPECT_EQ(format_duration(nanoseconds::min()), "-9223372036854775.808us");
}

TEST(FormatDuration, IsUnderstoodByParseDuration) {
  for (std::int64_t count = 1; count > 0 && count < INT64_MAX / 7; count = count * 7 + 3) {
    EXPECT_EQ(parse_duration(format_duration(nanoseconds{count})), nanoseconds{count});
  }
  EXPECT_EQ(parse_duration(format_duration(nanoseconds::max())), nanoseconds::max());
}

TEST(RoundedDuration, HasThreeDigitsAndFittingUnit) {
  EXPECT_EQ(rounded_duration(0ns), "0 s");
  EXPECT_EQ(rounded_duration(1us), "1.00 µs");
  EXPECT_EQ(rounded_duration(12'345us), "12.3 ms");
  EXPECT_EQ(rounded_duration(999'400ns), "999 µs");
  EXPECT_EQ(rounded_duration(999'600ns), "1.00 ms");
  EXPECT_EQ(rounded_duration(9'996us), "10.0 ms");
  EXPECT_EQ(rounded_duration(15s), "15.0 s");
  EXPECT_EQ(rounded_duration(119s), "119 s");
  EXPECT_EQ(rounded_duration(2min), "2.00 min");
  EXPECT_EQ(rounded_duration(30h), "30.0 h");
  EXPECT_EQ(rounded_duration(-2ms), "-2.00 ms");
  EXPECT_EQ(rounded_duration(nanoseconds::min()), "-2,562,048 h");
}

TEST(FromSeconds, TakesAnyNumber) {
  EXPECT_EQ(from_seconds(1.5), 1500ms);
  EXPECT_EQ(from_seconds(-0.001), -1ms);
  EXPECT_GT(from_seconds(1e300), 24h * 365 * 290);
  EXPECT_LT(from_seconds(-1e300), -24h * 365 * 290);
  EXPECT_EQ(from_seconds(std::numeric_limits<double>::quiet_NaN()), 0ns);
  EXPECT_EQ(to_seconds(1500ms), 1.5);
}

}  // namespace
}  // namespace units
