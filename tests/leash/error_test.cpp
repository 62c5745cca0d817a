// SPDX-License-Identifier: BSL-1.0
#include "leash/error.hpp"

#include <gtest/gtest.h>

#include <asio/error.hpp>
#include <asio/experimental/channel_error.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>

namespace leash {
namespace {

static_assert(std::is_same_v<decltype(value_or_throw(std::declval<Result<int>>())), int>);
static_assert(std::is_void_v<decltype(value_or_throw(std::declval<Result<>>()))>);

TEST(Error, EveryStopCodeIsACancellation) {
  for (const std::error_code code :
       {make_error_code(errc::canceled), make_error_code(errc::deadline_exceeded),
        make_error_code(errc::finished), make_error_code(errc::disconnected), make_error_code(errc::shutdown),
        std::make_error_code(std::errc::operation_canceled),
        std::error_code(ECANCELED, std::system_category()), std::error_code(asio::error::operation_aborted),
        std::error_code(asio::experimental::error::channel_cancelled)}) {
    EXPECT_TRUE(is_cancellation(code)) << code.category().name() << " " << code.message();
  }
}

TEST(Error, AFailureIsNoCancellation) {
  for (const std::error_code code :
       {std::error_code(), make_error_code(errc::closed), make_error_code(errc::deadlock),
        std::make_error_code(std::errc::timed_out), std::error_code(asio::error::eof),
        std::error_code(asio::experimental::error::channel_closed)}) {
    EXPECT_FALSE(is_cancellation(code)) << code.category().name() << " " << code.message();
  }
}

TEST(Error, ValueOrThrowThrowsTheCodeItself) {
  EXPECT_EQ(value_or_throw(Result<int>(7)), 7);
  EXPECT_EQ(*value_or_throw(Result<std::unique_ptr<int>>(std::make_unique<int>(8))), 8);
  value_or_throw(Result<>());
  try {
    value_or_throw(Result<>(std::unexpected(make_error_code(errc::deadline_exceeded))));
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code(), errc::deadline_exceeded);
    EXPECT_NE(std::string(e.what()).find("deadline exceeded"), std::string::npos);
  }
}

}  // namespace
}  // namespace leash
