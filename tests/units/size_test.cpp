// SPDX-License-Identifier: BSL-1.0
#include "units/size.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace http {
namespace {

using testing::HasSubstr;

TEST(ParseSize, UnderstandsEveryUnitInEitherCase) {
  const struct {
    std::string_view text;
    std::uint64_t bytes;
  } cases[] = {
      {"0", 0},
      {"512", 512},
      {"512B", 512},
      {"64k", 65536},
      {"64K", 65536},
      {"16KiB", 16384},
      {"1MiB", 1048576},
      {"2m", 2097152},
      {"1GiB", 1U << 30},
      {"3g", 3221225472U},
      {"18446744073709551615", UINT64_MAX},
  };
  for (const auto& one : cases) EXPECT_EQ(parse_size(one.text), one.bytes) << one.text;
}

TEST(ParseSize, SaysInOneLineWhatIsWrong) {
  for (const auto text : {"", "k", "-1", "+1", "1.5k", "1 k", "1KB", "1kk", "0x10", "1T"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("is none of: 512, 64k, 16KiB, 1MiB, 1GiB")) << text;
  }
  for (const auto text : {"18446744073709551616", "18446744073709551615k", "17179869184GiB"}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr("is too large")) << text;
  }
}

TEST(FormatSize, HasOneDecimalFromKibibytesOn) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1.0 KiB");
  EXPECT_EQ(format_size(1234), "1.2 KiB");
  EXPECT_EQ(format_size(1048575), "1.0 MiB");
  EXPECT_EQ(format_size(1048576), "1.0 MiB");
  EXPECT_EQ(format_size(5ULL << 30), "5.0 GiB");
  EXPECT_EQ(format_size(UINT64_MAX), "16.0 EiB");
}

}  // namespace
}  // namespace http
