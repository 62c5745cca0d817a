// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

namespace leash::detail {
namespace {

TEST(PatternTest, ATextWithoutWildcardsIsComparedAsItStands) {
  EXPECT_TRUE(matches("app::serve", "app::serve"));
  EXPECT_FALSE(matches("app::serve", "app::serve_all"));
  EXPECT_TRUE(contains("serve", "app::serve_all"));
  EXPECT_FALSE(contains("poll", "app::serve_all"));
  EXPECT_TRUE(matches("operator[]", "operator[]")) << "brackets are no wildcards";
}

TEST(PatternTest, AStarIsAnyCharactersAndAQuestionMarkIsOne) {
  for (const auto compare : {&matches, &contains}) {
    EXPECT_TRUE(compare("app::*", "app::serve"));
    EXPECT_TRUE(compare("app::*", "app::"));
    EXPECT_FALSE(compare("app::*", "other::app::serve")) << "of the whole";
    EXPECT_TRUE(compare("*/send.cpp:4?", "server/patterns/send.cpp:41"));
    EXPECT_FALSE(compare("*/send.cpp:4?", "server/patterns/send.cpp:4"));
    EXPECT_TRUE(compare("*", ""));
    EXPECT_FALSE(compare("?", ""));
    EXPECT_TRUE(compare("a*b*c", "a-b-b-c"));
    EXPECT_FALSE(compare("a*b*c", "a-b-b-c-"));
    EXPECT_TRUE(compare("**a", "a"));
  }
}

TEST(PatternTest, ALongMismatchIsFoundSoon) {
  const std::string text(10'000, 'a');
  EXPECT_FALSE(matches("*a*a*a*a*a*a*a*a*b", text));
}

}  // namespace
}  // namespace leash::detail
