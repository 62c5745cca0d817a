// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_view.hpp"

#include "client/command/task_table.hpp"

namespace client {

std::vector<std::string> drawn(const TaskView& view, const cli::Terminal& terminal) {
  TableStyle style;
  style.width = terminal.width;
  style.changes = true;
  style.states = view.states;
  return framed(view, task_summary(view.list), task_table(view.list, style), "row", terminal);
}

}  // namespace client
