// SPDX-License-Identifier: BSL-1.0
#include "http/message/request_timeout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace http {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::HasSubstr;

using Timeout = std::optional<nanoseconds>;

Timeout accepted(const HeaderViews& headers) {
  const auto timeout = request_timeout(headers);
  EXPECT_TRUE(timeout.has_value());
  return timeout.value_or(nanoseconds{-1});
}

TEST(RequestTimeout, IsAbsentWithoutEitherField) { EXPECT_EQ(accepted({{"Host", "a"}}), Timeout{}); }

TEST(RequestTimeout, ReadsMilliseconds) {
  EXPECT_EQ(accepted({{"x-request-timeout-ms", "250"}}), Timeout{250ms});
  EXPECT_EQ(accepted({{"X-Request-Timeout-Ms", "0"}}), Timeout{0ms});
  EXPECT_EQ(accepted({{"X-Request-Timeout-Ms", "9999999999"}}), Timeout{9999999999ms});
}

TEST(RequestTimeout, ReadsEveryUnitOfGrpc) {
  const struct {
    std::string_view value;
    nanoseconds duration;
  } cases[] = {{"1H", 1h},
               {"2M", 2min},
               {"3S", 3s},
               {"4m", 4ms},
               {"5u", 5us},
               {"6n", 6ns},
               {"0n", 0ns},
               {"99999999S", 99999999s},
               {"2562047H", 2562047h},
               {"2562048H", nanoseconds::max()},
               {"99999999H", nanoseconds::max()}};
  for (const auto& one : cases) {
    EXPECT_EQ(accepted({{"grpc-timeout", one.value}}), Timeout{one.duration}) << one.value;
  }
}

TEST(RequestTimeout, TakesTheSmallerOfBoth) {
  EXPECT_EQ(accepted({{"grpc-timeout", "1S"}, {"X-Request-Timeout-Ms", "5"}}), Timeout{5ms});
  EXPECT_EQ(accepted({{"grpc-timeout", "1m"}, {"X-Request-Timeout-Ms", "5"}}), Timeout{1ms});
}

TEST(RequestTimeout, RefusesMalformedValues) {
  for (const auto value : {"", "12345678901", "-1", "+1", "1.5", "1s", "0x1", " 1", "\xd9\xa1"}) {
    const auto timeout = request_timeout({{"X-Request-Timeout-Ms", value}});
    ASSERT_FALSE(timeout) << value;
    EXPECT_THAT(timeout.error(), HasSubstr("X-Request-Timeout-Ms must be"));
  }
  for (const auto value : {"", "S", "1", "123456789S", "1s", "1h", "1 S", "-1S", "1SS"}) {
    const auto timeout = request_timeout({{"grpc-timeout", value}});
    ASSERT_FALSE(timeout) << value;
    EXPECT_THAT(timeout.error(), HasSubstr("grpc-timeout must be"));
  }
}

TEST(RequestTimeout, RefusesRepetition) {
  for (const auto name : {"X-Request-Timeout-Ms", "grpc-timeout"}) {
    const auto value = std::string_view(name) == "grpc-timeout" ? "1S" : "1";
    const auto timeout = request_timeout({{name, value}, {name, value}});
    ASSERT_FALSE(timeout) << name;
    EXPECT_THAT(timeout.error(), HasSubstr("repeated"));
  }
}

}  // namespace
}  // namespace http
