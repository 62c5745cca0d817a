// SPDX-License-Identifier: BSL-1.0
#include "http/message/spare_strings.hpp"

#include <gtest/gtest.h>

namespace http {
namespace {

TEST(SpareStrings, GivesMemoryOfEarlierStrings) {
  SpareStrings spares(1, 1000);
  EXPECT_EQ(spares.take(), "");
  std::string text(100, 'x');
  const void* const memory = text.data();
  spares.give_back(std::move(text));
  const std::string again = spares.take();
  EXPECT_EQ(again, "");
  EXPECT_EQ(again.data(), memory);
  EXPECT_LT(spares.take().capacity(), 100U) << "it is used once at a time";
}

TEST(SpareStrings, KeepsSoManyOfSuchASize) {
  SpareStrings spares(2, 100);
  for (int i = 0; i < 3; ++i) spares.give_back(std::string(50, 'x'));
  spares.give_back(std::string(1000, 'x'));
  EXPECT_GE(spares.take().capacity(), 50U);
  EXPECT_GE(spares.take().capacity(), 50U);
  EXPECT_LT(spares.take().capacity(), 50U);
  spares.give_back(std::string(1000, 'x'));
  spares.give_back("short");
  EXPECT_LT(spares.take().capacity(), 50U) << "too large, and without memory of its own";
}

}  // namespace
}  // namespace http
