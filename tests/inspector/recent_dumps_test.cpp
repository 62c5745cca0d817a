// SPDX-License-Identifier: BSL-1.0
#include "inspector/recent_dumps.hpp"

#include <gtest/gtest.h>

namespace {

using inspector::RecentDumps;

leash::TaskGroup group(const char* file, std::size_t count) {
  leash::TaskGroup made;
  made.count = count;
  made.frame_bytes = 100 * count;
  made.oldest.site = {"f", file, 1};
  return made;
}

leash::Dump dump(std::initializer_list<leash::TaskGroup> entries) {
  leash::Dump made;
  made.entries = entries;
  return made;
}

TEST(RecentDumps, FindsDumpByNumber) {
  RecentDumps dumps;
  const auto id = dumps.remember("all", leash::TimePoint{}, dump({group("a.cpp", 3)}));
  ASSERT_NE(dumps.find(id), nullptr);
  EXPECT_EQ(dumps.find(id)->question, "all");
  EXPECT_EQ(dumps.find(id)->dump.entries.at(0).count, 3u);
  EXPECT_EQ(dumps.find(id + 1), nullptr);
}

TEST(RecentDumps, KeepsTheLast32) {
  RecentDumps dumps;
  const auto first = dumps.remember("all", leash::TimePoint{}, {});
  for (int i = 0; i < 31; ++i) (void)dumps.remember("all", leash::TimePoint{}, {});
  EXPECT_NE(dumps.find(first), nullptr);
  (void)dumps.remember("all", leash::TimePoint{}, {});
  EXPECT_EQ(dumps.find(first), nullptr);
  EXPECT_NE(dumps.find(first + 1), nullptr);
}

TEST(RecentDumps, ANumberAloneIsOfNoDump) {
  RecentDumps dumps;
  const auto number = dumps.number();
  EXPECT_EQ(dumps.find(number), nullptr);
  EXPECT_EQ(dumps.remember("all", leash::TimePoint{}, {}), number + 1);
}

TEST(RecentDumps, RemembersUnresponsiveLoopsOfDump) {
  RecentDumps dumps;
  const auto id = dumps.remember("all", leash::TimePoint{}, {}, {"worker 1"});
  EXPECT_EQ(dumps.find(id)->unresponsive, std::vector<std::string>{"worker 1"});
}

TEST(Changes, ListOnlyGrownThenShrunkGroups) {
  const auto changed =
      inspector::changes(dump({group("same.cpp", 5), group("gone.cpp", 2), group("grew.cpp", 1)}),
                         dump({group("same.cpp", 5), group("grew.cpp", 4), group("new.cpp", 9)}));
  ASSERT_EQ(changed.size(), 3u);
  EXPECT_EQ(changed[0].entry.oldest.site.file, "new.cpp");
  EXPECT_EQ(changed[0].before, 0u);
  EXPECT_EQ(changed[1].entry.oldest.site.file, "grew.cpp");
  EXPECT_EQ(changed[1].before, 1u);
  EXPECT_EQ(changed[1].entry.count, 4u);
  EXPECT_EQ(changed[2].entry.oldest.site.file, "gone.cpp");
  EXPECT_EQ(changed[2].entry.count, 0u);
  EXPECT_EQ(changed[2].before, 2u);
}

}  // namespace
