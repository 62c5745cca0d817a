// SPDX-License-Identifier: BSL-1.0
#include "client/error.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using client::errc;
using client::make_error_code;

static_assert(std::is_error_condition_enum_v<errc>);
static_assert(!std::is_error_code_enum_v<errc>, "a code has a cause; a kind is to compare it with");

TEST(ClientError, KeepsKindWithAnyCause) {
  EXPECT_EQ(make_error_code(errc::malformed), errc::malformed);
  EXPECT_EQ(make_error_code(errc::malformed, "Content-Length is repeated."), errc::malformed);
  EXPECT_NE(make_error_code(errc::malformed, "Content-Length is repeated."), errc::too_large);
  EXPECT_NE(make_error_code(errc::refused), errc::truncated);
}

TEST(ClientError, SaysItsCause) {
  EXPECT_EQ(make_error_code(errc::malformed).message(), "the server's response is not valid HTTP");
  EXPECT_EQ(make_error_code(errc::malformed, "Content-Length is repeated.").message(),
            "the server's response is not valid HTTP: Content-Length is repeated");
  EXPECT_EQ(make_error_code(errc::truncated, "connection reset").message(),
            "the server closed the connection before the response was complete: connection reset");
}

TEST(ClientError, IsTheSameForTheSameKindAndCause) {
  EXPECT_EQ(make_error_code(errc::refused, "one cause"), make_error_code(errc::refused, "one cause"));
  EXPECT_NE(make_error_code(errc::refused, "one cause"), make_error_code(errc::refused, "another one"));
}

bool leaves_out_causes_that_are_too_many() {
  static std::vector<std::string> causes;
  for (int i = 0; i < 5000; ++i) causes.push_back("cause " + std::to_string(i));
  std::size_t with_cause = 0;
  for (const std::string& cause : causes) {
    const std::error_code error = make_error_code(errc::too_large, cause);
    if (error != errc::too_large) return false;
    with_cause += error.message().ends_with(cause);
  }
  return with_cause > 100 && with_cause < causes.size();
}

TEST(ClientErrorDeathTest, OmitsExcessCausesButKeepsKind) {
  // In a separate process, because causes are kept for ever.
  EXPECT_EXIT(std::_Exit(leaves_out_causes_that_are_too_many() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
