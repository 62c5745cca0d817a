// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "cli/text.hpp"
#include "client/command/task_table.hpp"
#include "units/number.hpp"

namespace client {
namespace {

constexpr const char* keys = "q quit   space refresh";

// `left` is shortened if both do not fit.
std::string at_both_ends(const std::string& left, const std::string& right, std::size_t width) {
  const std::size_t room = width - std::min(width, cli::cells(right) + 2);
  const std::string shown = cli::clipped(left, room);
  return shown + std::string(width - std::min(width, cli::cells(shown) + cli::cells(right)), ' ') + right;
}

}  // namespace

std::vector<std::string> drawn(const TaskView& view, const cli::Terminal& terminal) {
  std::vector<Line> lines = {{at_both_ends(view.title, view.time, terminal.width), Look::strong}};
  for (Line& line : task_summary(view.list)) lines.push_back(std::move(line));
  if (!view.restart.empty())
    lines.push_back({fmt::format("the server has restarted (noticed at {})", view.restart), Look::doubtful});
  if (!view.problem.empty()) lines.push_back({view.problem, Look::alarming});
  lines.push_back({});

  TableStyle style;
  style.width = terminal.width;
  style.changes = true;
  style.states = view.states;
  std::vector<Line> table = task_table(view.list, style);
  const std::size_t room =
      terminal.height - std::min(terminal.height, lines.size() + 2);  // one line is for the keys
  if (table.size() > room && room > 0) {
    const std::size_t more = table.size() - (room - 1);
    table.resize(room - 1);
    table.push_back({fmt::format("… and {} more", units::counted(more, "row")), Look::faint});
  }
  for (Line& line : table) lines.push_back(std::move(line));

  lines.resize(std::max<std::size_t>(terminal.height, 1) - 1);
  lines.push_back({keys, Look::faint});
  std::vector<std::string> all;
  for (Line& line : lines) {
    line.text = cli::clipped(line.text, terminal.width);
    if (line.look == Look::title) line.text.append(terminal.width - cli::cells(line.text), ' ');
    all.push_back(painted(line, terminal.color));
  }
  return all;
}

}  // namespace client
