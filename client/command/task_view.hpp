// SPDX-License-Identifier: BSL-1.0
#pragma once
// The live table: the content of the screen for a list of tasks.
//
// Guarantees     as many lines as the terminal has, none wider than the terminal.
// Threads        plain values.
//
//   client::TaskView view;
//   view.title = "leaks of http://127.0.0.1:8081, every 2s";
//   view.list = *client::parse_task_list(response.body);
//   screen.draw(client::drawn(view, cli::terminal(STDOUT_FILENO)));

#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "client/command/frame.hpp"
#include "client/command/task_list.hpp"

namespace client {

struct TaskView : Frame {
  TaskList list = {};
  bool states = true;  // show the column of states
};

std::vector<std::string> drawn(const TaskView& view, const cli::Terminal& terminal);

}  // namespace client
