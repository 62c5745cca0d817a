// SPDX-License-Identifier: BSL-1.0
#include "units/text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace {

using namespace loadgen;
using namespace std::chrono_literals;

TEST(Units, CountsHaveGroupsOfThree) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
  EXPECT_EQ(format_count(-123), "-123");
  EXPECT_EQ(format_count(std::numeric_limits<std::int64_t>::max()), "9,223,372,036,854,775,807");
}

TEST(Units, FractionsAreRoundedAndNeverMinusZero) {
  EXPECT_EQ(format_fixed(1.4996, 2), "1.50");
  EXPECT_EQ(format_fixed(12345.678, 1), "12,345.7");
  EXPECT_EQ(format_fixed(-0.001, 2), "0.00");
  EXPECT_EQ(format_fixed(-0.5, 1), "-0.5");
  EXPECT_EQ(format_fixed(1e300, 2).size(), 404U);
  EXPECT_EQ(format_fixed(std::numeric_limits<double>::quiet_NaN(), 2), "–");
}

TEST(Units, DurationsHaveThreeDigitsAndTheUnitThatFits) {
  EXPECT_EQ(format_duration(0ns), "0 s");
  EXPECT_EQ(format_duration(1us), "1.00 µs");
  EXPECT_EQ(format_duration(12'345us), "12.3 ms");
  EXPECT_EQ(format_duration(999'400ns), "999 µs");
  EXPECT_EQ(format_duration(999'600ns), "1.00 ms");
  EXPECT_EQ(format_duration(9'996us), "10.0 ms");
  EXPECT_EQ(format_duration(15s), "15.0 s");
  EXPECT_EQ(format_duration(1h), "3,600 s");
  EXPECT_EQ(format_duration(-2ms), "-2.00 ms");
}

TEST(Units, BytesHaveTheUnitThatFits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1,023 B");
  EXPECT_EQ(format_bytes(1024), "1.0 KiB");
  EXPECT_EQ(format_bytes(-1'258'291), "-1.2 MiB");
  EXPECT_EQ(format_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(std::int64_t{5} << 40), "5.0 TiB");
}

TEST(Units, PaddingCountsCellsAndNotBytes) {
  EXPECT_EQ(cells("µs–█"), 4U);
  EXPECT_EQ(pad_left("5 µs", 6), "  5 µs");
  EXPECT_EQ(pad_right("5 µs", 6), "5 µs  ");
  EXPECT_EQ(pad_left("long", 2), "long");
}

}  // namespace
