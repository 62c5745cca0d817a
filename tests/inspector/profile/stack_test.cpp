// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/stack.hpp"

#include <gtest/gtest.h>

#include "tests/inspector/profile/dump_of.hpp"

namespace {

TEST(ProfileStack, StartsWithTheWaitAndEndsWithTheSite) {
  const std::vector<leash::Frame> expected{{"[chan send]", "", 0},
                                           {"produce", "server/patterns/send.cpp", 41},
                                           {"replica", "server/patterns/send.cpp", 63},
                                           {"started by fan_out", "server/patterns/send.cpp", 60}};
  EXPECT_EQ(inspector::stack_of(leaked_replicas(1).oldest), expected);
}

TEST(ProfileStack, NamesACallerWithoutAName) {
  EXPECT_EQ(inspector::stack_of({}).back().function, "started by code without a name");
}

}  // namespace
