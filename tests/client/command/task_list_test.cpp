// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_list.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using client::compare;
using client::parse_task_list;
using client::TaskList;

std::string entry(const std::string& site, const std::string& state, int count, double age = 1,
                  int bytes = 100) {
  return R"({"site":")" + site + R"(","state":")" + state +
         R"(","wait":"chan send","waits_at":"a.cpp:1","count":)" + std::to_string(count) +
         R"(,"oldest_age_seconds":)" + std::to_string(age) + R"(,"bytes":)" + std::to_string(bytes) + "}";
}

TaskList list_of(const std::string& entries, int live = 10) {
  const auto list = parse_task_list(R"({"tasks":[)" + entries + R"(],"live":)" + std::to_string(live) + "}");
  EXPECT_TRUE(list);
  return list.value_or(TaskList());
}

TEST(TaskList, GroupsTasksWithSameStartAndWaitPlace) {
  const TaskList list = list_of(entry("s.cpp:1", "leaked", 2, 5, 100) + "," +
                                entry("s.cpp:1", "leaked", 3, 9, 50) + "," + entry("s.cpp:1", "owned", 1));
  ASSERT_EQ(list.rows.size(), 2u);
  EXPECT_EQ(list.rows[0].count, 5u);
  EXPECT_EQ(list.rows[0].bytes, 150u);
  EXPECT_EQ(list.rows[0].oldest_seconds, 9);
  EXPECT_EQ(list.listed, 6u);
  EXPECT_EQ(list.leaked, 5u);
  EXPECT_EQ(list.live, 10u);
}

TEST(TaskList, HasLeakedTasksFirstAndThenTheLargestRows) {
  const TaskList list = list_of(entry("few", "owned", 1) + "," + entry("many", "owned", 9) + "," +
                                entry("leaked", "leaked", 1));
  ASSERT_EQ(list.rows.size(), 3u);
  EXPECT_EQ(list.rows[0].site, "leaked");
  EXPECT_EQ(list.rows[1].site, "many");
  EXPECT_EQ(list.rows[2].site, "few");
}

TEST(TaskList, ReportsOmittedTasksAndUnresponsiveLoops) {
  const auto list =
      parse_task_list(R"({"tasks":[{"count":2}],"live":9,"matched":5,"unresponsive":["loop 1",7]})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->left_out, 3u);
  ASSERT_EQ(list->unresponsive.size(), 2u);
  EXPECT_EQ(list->unresponsive[0], "loop 1");
  EXPECT_EQ(list->unresponsive[1], "7");
  EXPECT_EQ(list->rows.at(0).site, "-");
}

TEST(TaskList, RejectsControlCharactersAndImpossibleNumbers) {
  const auto list = parse_task_list(
      R"({"tasks":[{"site":"\u001b[2Jx","count":-5,"bytes":1e300,"oldest_age_seconds":"old","wait":7},3],"live":-1})");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->rows.size(), 1u);
  EXPECT_EQ(list->rows[0].site, "?[2Jx");
  EXPECT_EQ(list->rows[0].count, 0u);
  EXPECT_EQ(list->rows[0].bytes, 1'000'000'000'000'000u);
  EXPECT_EQ(list->rows[0].oldest_seconds, 0);
  EXPECT_EQ(list->rows[0].wait, "-");
  EXPECT_EQ(list->live, 0u);
}

TEST(TaskList, RefusesOtherAnswers) {
  for (const char* other : {"", "hello", "[]", "{}", R"({"tasks":7})", R"({"tasks":[)"}) {
    EXPECT_FALSE(parse_task_list(other)) << other;
  }
}

TEST(TaskList, ComparesWithPreviousList) {
  const TaskList before = list_of(entry("grows", "leaked", 2) + "," + entry("goes", "owned", 4), 6);
  TaskList now = list_of(entry("grows", "leaked", 5) + "," + entry("comes", "leaked", 1), 6);
  compare(now, before);
  ASSERT_EQ(now.rows.size(), 3u);
  EXPECT_EQ(now.rows[0].site, "grows");
  EXPECT_EQ(now.rows[0].change, 3);
  EXPECT_EQ(now.rows[1].site, "comes");
  EXPECT_EQ(now.rows[1].change, 1);
  EXPECT_EQ(now.rows[2].site, "goes");
  EXPECT_EQ(now.rows[2].change, -4);
  EXPECT_EQ(now.rows[2].count, 0u);
  EXPECT_EQ(now.live_change, 0);
  EXPECT_EQ(now.leaked_change, 4);
}

TEST(TaskList, ReportsVanishedTasksOnce) {
  const TaskList before = list_of(entry("goes", "owned", 4));
  TaskList then = list_of("");
  compare(then, before);
  EXPECT_EQ(then.rows.size(), 1u);
  TaskList now = list_of("");
  compare(now, then);
  EXPECT_TRUE(now.rows.empty());
}

}  // namespace
