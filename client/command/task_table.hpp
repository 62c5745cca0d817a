// SPDX-License-Identifier: BSL-1.0
#pragma once
// Draws a list of tasks as a table.
//
// Guarantees     no line is wider than asked for, as far as that is possible without leaving out a column.
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
  std::size_t width = 0;  // places are shortened at their front to fit; 0: they never are
  bool changes = false;   // a column for them
  bool states = true;     // likewise
};

// Title line and rows; none for an empty list.
std::vector<Line> task_table(const TaskList& list, const TableStyle& style);

// "3 tasks live, 2 leaked", and what is not in the list.
std::vector<Line> task_summary(const TaskList& list);

}  // namespace client
