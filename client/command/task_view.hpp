// SPDX-License-Identifier: BSL-1.0
#pragma once
// What the live table shows: a title, the summary, as many rows as there is room for, and the keys.
//
// Guarantees     as many lines as the terminal has, none wider than it.
// Threads        plain values.
//
//   client::TaskView view;
//   view.title = "leaks  http://127.0.0.1:8081  every 2s";
//   view.list = *client::parse_task_list(response.body);
//   screen.draw(client::drawn(view, cli::terminal(STDOUT_FILENO)));

#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "client/command/task_list.hpp"

namespace client {

struct TaskView {
  std::string title = {};
  std::string time = {};     // of the last look that succeeded
  std::string problem = {};  // of the last look; empty: none
  std::string restart = {};  // when another process was first seen to answer; empty: always the same one
  TaskList list = {};
  bool states = true;  // a column for them
};

std::vector<std::string> drawn(const TaskView& view, const cli::Terminal& terminal);

}  // namespace client
