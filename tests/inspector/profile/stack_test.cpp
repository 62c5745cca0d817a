// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/stack.hpp"

#include <gtest/gtest.h>

#include "tests/inspector/profile/dump_of.hpp"

namespace {

TEST(ProfileStack, OfACoroutineEndsAtItsSpawner) {
  leash::CoroutineInfo coroutine;
  coroutine.wait = leash::WaitKind::chan_receive;
  coroutine.frames = {{"read", "a.cpp", 3}};
  EXPECT_EQ(inspector::stack_of(coroutine).back().function, "spawned outside of any coroutine");
  coroutine.spawner = 7;
  coroutine.spawned_by = "serve";
  const std::vector<leash::Frame> expected{
      {"[chan receive]", "", 0}, {"read", "a.cpp", 3}, {"spawned by serve", "", 0}};
  EXPECT_EQ(inspector::stack_of(coroutine), expected);
}

TEST(ProfileStack, StartsWithTheWaitAndEndsWithTheSite) {
  const std::vector<leash::Frame> expected{{"[chan send]", "", 0},
                                           {"produce", "server/patterns/send.cpp", 41},
                                           {"replica", "server/patterns/send.cpp", 63},
                                           {"started by fan_out", "server/patterns/send.cpp", 60}};
  EXPECT_EQ(inspector::stack_of(leaked_replicas(1).oldest), expected);
}

TEST(ProfileStack, NamesACallerWithoutAName) {
  EXPECT_EQ(inspector::stack_of(leash::TaskInfo()).back().function, "started by code without a name");
}

}  // namespace
