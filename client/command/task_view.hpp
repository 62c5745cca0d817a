// SPDX-License-Identifier: BSL-1.0
#pragma once
// The content of the live table: a title, the summary, as many rows as fit, and the keys.
//
// Guarantees     as many lines as the terminal has, none wider than the terminal.
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
  std::string time = {};     // of the last successful query
  std::string problem = {};  // of the last query; empty: none
  std::string restart = {};  // when the last restart was noticed; empty: there was none
  TaskList list = {};
  bool states = true;  // show the column of states
};

std::vector<std::string> drawn(const TaskView& view, const cli::Terminal& terminal);

}  // namespace client
