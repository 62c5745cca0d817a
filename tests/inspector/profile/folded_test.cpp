// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/folded.hpp"

#include <gtest/gtest.h>

#include "tests/inspector/profile/dump_of.hpp"

namespace {

TEST(Folded, HasTheRootFirstAndTheCountLast) {
  EXPECT_EQ(inspector::to_folded(dump_of({leaked_replicas(3)})),
            "started by fan_out (server/patterns/send.cpp:60);replica (server/patterns/send.cpp:63);"
            "produce (server/patterns/send.cpp:41);[chan send] 3\n");
}

TEST(Folded, AddsUpEntriesOfOneStack) {
  leash::TaskGroup owned = leaked_replicas(4);
  owned.oldest.state = leash::TaskState::owned;
  const std::string text = inspector::to_folded(dump_of({leaked_replicas(3), owned}));
  EXPECT_TRUE(text.ends_with("[chan send] 7\n")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
}

TEST(Folded, KeepsOddlyNamedStackOnOneLine) {
  leash::TaskGroup odd = leaked_replicas(1);
  odd.oldest.frames = {{"a;b\nc", "d;e", 1}};
  const std::string text = inspector::to_folded(dump_of({odd}));
  EXPECT_NE(text.find(";a b c (d e:1);[chan send] 1\n"), std::string::npos) << text;
}

TEST(Folded, IsEmptyWithoutTasks) { EXPECT_EQ(inspector::to_folded(leash::Dump()), ""); }

}  // namespace
