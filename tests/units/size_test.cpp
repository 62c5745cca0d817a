// SPDX-License-Identifier: BSL-1.0
#include "units/size.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace units {
namespace {

using testing::HasSubstr;

TEST(ParseSize, UnderstandsEveryUnitInEitherCase) {
  const struct {
    std::string_view text;
    std::uint64_t bytes;
  } cases[] = {
      {"0", 0},           {"512", 512},        {"512B", 512},        {"64k", 65536},
      {"64K", 65536},     {"16KiB", 16384},    {"1MiB", 1048576},    {"2m", 2097152},
      {"1GiB", 1U << 30}, {"3g", 3221225472U}, {"2TiB", 2ULL << 40}, {"18446744073709551615", UINT64_MAX},
  };
  for (const auto& one : cases) EXPECT_EQ(parse_size(one.text), one.bytes) << one.text;
}

TEST(ParseSize, ReportsErrorsInOneLine) {
  for (const auto text : {"", "k", "-1", "+1", "1.5k", "1 k", "1KB", "1kk", "0x10", "1P"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("is not valid; examples: 512, 64k, 16KiB, 1MiB, 1GiB, 1TiB"))
        << text;
  }
  for (const auto text : {"18446744073709551616", "18446744073709551615k", "17179869184GiB"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("is too large")) << text;
  }
}

TEST(FormatSize, IsExactAndUnderstoodByParseSize) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(8192), "8KiB");
  EXPECT_EQ(format_size(1536), "1536");
  EXPECT_EQ(format_size(3ULL << 30), "3GiB");
  EXPECT_EQ(format_size(5ULL << 50), "5120TiB");
  for (std::uint64_t bytes = 1; bytes < UINT64_MAX / 7; bytes = bytes * 7 + 1) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
    EXPECT_EQ(parse_size(format_size(bytes & ~0x3ffULL)), bytes & ~0x3ffULL);
  }
}

TEST(RoundedSize, HasOneDecimalFromKibibytesOn) {
  EXPECT_EQ(rounded_size(0), "0 B");
  EXPECT_EQ(rounded_size(1023), "1,023 B");
  EXPECT_EQ(rounded_size(1024), "1.0 KiB");
  EXPECT_EQ(rounded_size(-1'258'291), "-1.2 MiB");
  EXPECT_EQ(rounded_size(1048575), "1.0 MiB");
  EXPECT_EQ(rounded_size(std::int64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(rounded_size(INT64_MAX), "8.0 EiB");
}

}  // namespace
}  // namespace units
