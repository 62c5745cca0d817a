// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "cli/text.hpp"

namespace {

using client::Line;
using client::Look;
using client::task_summary;
using client::task_table;
using client::TaskList;
using client::TaskRow;

TaskRow row(const std::string& site, const std::string& state, std::uint64_t count, std::int64_t change = 0) {
  TaskRow made;
  made.site = site;
  made.state = state;
  made.wait = "chan send";
  made.waits_at = "server/patterns/send.cpp:17";
  made.count = count;
  made.oldest_seconds = 3.2;
  made.bytes = 1234;
  made.change = change;
  return made;
}

TaskList list_of(std::vector<TaskRow> rows) {
  TaskList list;
  list.rows = std::move(rows);
  return list;
}

TEST(TaskTable, HasATitleAndALineForEachRow) {
  const auto lines = task_table(list_of({row("server/patterns/send.cpp:32", "leaked", 4)}), {});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text,
            "count  state   wait       oldest   memory  started at                   waits at");
  EXPECT_EQ(lines[0].look, Look::title);
  EXPECT_EQ(
      lines[1].text,
      "    4  leaked  chan send  3.20 s  1.2 KiB  server/patterns/send.cpp:32  server/patterns/send.cpp:17");
  EXPECT_EQ(lines[1].look, Look::alarming);
}

TEST(TaskTable, HasColumnsAsAskedFor) {
  client::TableStyle style;
  style.changes = true;
  style.states = false;
  const auto lines =
      task_table(list_of({row("a.cpp:1", "owned", 4, 2), row("b.cpp:1", "owned", 0, -3)}), style);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, "count  +/-  wait       oldest   memory  started at  waits at");
  EXPECT_EQ(lines[1].text, "    4   +2  chan send  3.20 s  1.2 KiB  a.cpp:1     server/patterns/send.cpp:17");
  EXPECT_EQ(lines[2].text, "    0   -3  chan send       -        -  b.cpp:1     server/patterns/send.cpp:17");
  EXPECT_EQ(lines[1].look, Look::plain);
  EXPECT_EQ(lines[2].look, Look::faint);
}

TEST(TaskTable, ShortensPlacesToFit) {
  for (const std::size_t width : {76u, 80u, 90u, 100u}) {
    client::TableStyle style;
    style.width = width;
    const auto lines = task_table(list_of({row("server/patterns/send.cpp:32", "leaked", 4)}), style);
    for (const Line& line : lines) EXPECT_LE(cli::cells(line.text), width) << line.text;
    EXPECT_TRUE(lines.at(1).text.ends_with("send.cpp:17")) << lines[1].text;
    EXPECT_TRUE(lines.at(1).text.contains(".cpp:32")) << lines[1].text;
  }
}

TEST(TaskTable, EmptyListHasNoRows) { EXPECT_TRUE(task_table(TaskList(), {}).empty()); }

TEST(TaskTable, SummaryGivesCountsAndOmissions) {
  TaskList list;
  list.live = list.listed = 1;
  EXPECT_EQ(task_summary(list).at(0).text, "1 task live, 0 leaked");
  EXPECT_EQ(task_summary(list).size(), 1u);
  list.live = 9;
  list.live_change = -2;
  list.leaked = 1;
  list.leaked_change = 1;
  list.left_out = 3;
  list.unresponsive = {"loop 1"};
  const auto lines = task_summary(list);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, "9 tasks live (-2); 1 listed, 1 of them leaked (+1)");
  EXPECT_EQ(lines[0].look, Look::alarming);
  EXPECT_EQ(lines[1].text, "not listed: 3 tasks beyond the limit");
  EXPECT_EQ(lines[2].text, "not listed: the tasks of loop 1, which does not respond");
  list.live = 1701;
  list.listed = list.leaked = 1700;
  EXPECT_EQ(task_summary(list).at(0).text, "1,701 tasks live (-2); 1,700 listed, 1,700 of them leaked (+1)");
}

TEST(TaskTable, SummaryNamesCoroutines) {
  TaskList list;
  list.coroutines = 1;
  EXPECT_EQ(task_summary(list).at(1).text, "1 coroutine live; list them with leash-client coroutines");
}

TEST(TaskTable, IsPaintedOnlyInColor) {
  const Line line{"text", Look::alarming};
  EXPECT_EQ(painted(line, false), "text");
  EXPECT_EQ(painted(line, true), "\x1b[31mtext\x1b[0m");
  EXPECT_EQ(painted(Line{"text"}, true), "text");
}

}  // namespace
