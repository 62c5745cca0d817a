// SPDX-License-Identifier: BSL-1.0
#include "units/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace units {
namespace {

TEST(ParseNumber, TakesAllOfAFiniteNumber) {
  EXPECT_EQ(parse_number("1e3"), 1000);
  EXPECT_EQ(parse_number("-0.5"), -0.5);
  for (const auto* text : {"", "1 ", " 1", "+1", "1,000", "inf", "nan", "1e999"})
    EXPECT_FALSE(parse_number(text)) << text;
}

TEST(ParseCount, TakesAllOfAWholeNumber) {
  EXPECT_EQ(parse_count("0"), 0U);
  EXPECT_EQ(parse_count("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const auto* text : {"", "-1", "+1", "1.5", "1e3", "18446744073709551616"})
    EXPECT_FALSE(parse_count(text)) << text;
}

TEST(FormatCount, HasGroupsOfThree) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
  EXPECT_EQ(format_count(-123), "-123");
  EXPECT_EQ(format_count(std::numeric_limits<std::int64_t>::max()), "9,223,372,036,854,775,807");
}

TEST(Counted, AgreesWithItsNoun) {
  EXPECT_EQ(counted(0, "task"), "0 tasks");
  EXPECT_EQ(counted(1, "task"), "1 task");
  EXPECT_EQ(counted(4500, "task"), "4,500 tasks");
}

TEST(FormatChange, HasASign) {
  EXPECT_EQ(format_change(3), "+3");
  EXPECT_EQ(format_change(-3), "-3");
  EXPECT_EQ(format_change(0), "");
}

TEST(FormatFixed, IsRoundedAndNeverMinusZero) {
  EXPECT_EQ(format_fixed(1.4996, 2), "1.50");
  EXPECT_EQ(format_fixed(12345.678, 1), "12,345.7");
  EXPECT_EQ(format_fixed(-0.001, 2), "0.00");
  EXPECT_EQ(format_fixed(-0.5, 1), "-0.5");
  EXPECT_EQ(format_fixed(1e300, 2).size(), 404U);
  EXPECT_EQ(format_fixed(std::numeric_limits<double>::quiet_NaN(), 2), "–");
}

TEST(FormatRounded, HasThreeDigits) {
  EXPECT_EQ(format_rounded(1.4996), "1.50");
  EXPECT_EQ(format_rounded(9.996), "10.0");
  EXPECT_EQ(format_rounded(-12.34), "-12.3");
  EXPECT_EQ(format_rounded(12345), "12,345");
}

}  // namespace
}  // namespace units
