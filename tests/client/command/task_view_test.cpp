// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_view.hpp"

#include <gtest/gtest.h>

#include <string>

#include "cli/text.hpp"

namespace {

using cli::Terminal;
using client::drawn;
using client::TaskRow;
using client::TaskView;

Terminal terminal(std::size_t width, std::size_t height, bool color = false) {
  Terminal made;
  made.width = width;
  made.height = height;
  made.color = color;
  return made;
}

TaskView view_of(int rows) {
  TaskView view;
  view.title = "tasks of http://127.0.0.1:8081, every 2s";
  view.time = "03:00:00";
  for (int i = 0; i < rows; ++i) {
    TaskRow row;
    row.site = "server/patterns/a_file_with_a_long_name.cpp:" + std::to_string(100 + i);
    row.state = i == 0 ? "leaked" : "owned";
    row.wait = "chan receive";
    row.waits_at = row.site;
    row.count = 1;
    view.list.rows.push_back(row);
  }
  return view;
}

TEST(TaskView, FillsTerminalExactly) {
  for (const auto& [width, height] : {std::pair{80u, 24u}, {200u, 50u}, {40u, 10u}, {20u, 4u}, {1u, 1u}}) {
    for (const int rows : {0, 1, 30, 100}) {
      const auto lines = drawn(view_of(rows), terminal(width, height));
      EXPECT_EQ(lines.size(), height);
      for (const std::string& line : lines) EXPECT_LE(cli::cells(line), width) << line;
    }
  }
}

TEST(TaskView, HasTitleTimeSummaryRowsAndKeys) {
  const auto lines = drawn(view_of(2), terminal(80, 24));
  EXPECT_TRUE(lines[0].starts_with("tasks of http://127.0.0.1:8081, every 2s "));
  EXPECT_TRUE(lines[0].ends_with(" 03:00:00"));
  EXPECT_TRUE(lines[1].contains("live"));
  EXPECT_EQ(lines[2], "");
  EXPECT_TRUE(lines[3].starts_with("count"));
  EXPECT_TRUE(lines[4].contains("leaked"));
  EXPECT_TRUE(lines[5].contains(".cpp:101"));
  EXPECT_TRUE(lines[23].contains("q quit"));
}

TEST(TaskView, SaysHowManyRowsThereIsNoRoomFor) {
  const auto lines = drawn(view_of(100), terminal(80, 24));
  EXPECT_EQ(lines[21], "… and 83 rows more");  // lines 4 to 20 have a row each
  EXPECT_EQ(lines[22], "");
}

TEST(TaskView, ShowsProblemBesideLastSeenTasks) {
  TaskView view = view_of(1);
  view.problem = "no answer since 03:00:00: Connection refused";
  const auto lines = drawn(view, terminal(80, 24));
  EXPECT_EQ(lines[2], view.problem);
  EXPECT_TRUE(lines[5].contains("leaked"));
}

TEST(TaskView, SaysSinceWhenAnotherProcessAnswers) {
  TaskView view = view_of(1);
  view.another_since = "03:12:00";
  const auto lines = drawn(view, terminal(80, 24));
  EXPECT_EQ(lines[2], "another process since 03:12:00");
}

TEST(TaskView, InColorTheTitleOfTheTableIsABar) {
  const auto lines = drawn(view_of(1), terminal(80, 24, true));
  EXPECT_TRUE(lines[3].starts_with("\x1b[7mcount"));
  EXPECT_EQ(cli::cells(lines[3]), 80 + std::string("\x1b[7m\x1b[0m").size());
}

}  // namespace
