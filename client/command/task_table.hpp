// SPDX-License-Identifier: BSL-1.0
#pragma once
// Draws a list of tasks as a table.
//
// Guarantees     no line is wider than asked for, unless that would mean leaving out a column.
// Threads        any.
//
//   for (const client::Line& line : client::task_table(list, {.width = 100}))
//     std::cout << client::painted(line, color) << '\n';

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "client/command/task_list.hpp"

namespace client {

using cli::Look;

struct Line {
  std::string text = {};
  Look look = Look::plain;
};

inline std::string painted(const Line& line, bool color) { return cli::painted(line.text, line.look, color); }

struct TableStyle {
  std::size_t width = 0;  // locations are shortened at the front to fit; 0: never
  bool changes = false;   // show the column of changes
  bool states = true;     // show the column of states
};

// The title line and the rows; empty for an empty list.
std::vector<Line> task_table(const TaskList& list, const TableStyle& style);

// "3 tasks live, 2 leaked", and lines about tasks that are not listed.
std::vector<Line> task_summary(const TaskList& list);

}  // namespace client
