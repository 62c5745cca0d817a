// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "cli/text.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace client {
namespace {

// The last two are locations; they are shortened if the table is too wide.
enum Column : std::size_t { count, change, state, wait, oldest, memory, site, waits_at, columns };
using Cells = std::array<std::string, columns>;
using Widths = std::array<std::size_t, columns>;

constexpr std::size_t gap = 2;
constexpr std::size_t least_for_places = 24;

const Cells titles = {"count", "+/-", "state", "wait", "oldest", "memory", "started at", "waits at"};
constexpr std::array<bool, columns> to_the_right = {true, true, false, false, true, true, false, false};

Cells cells_of(const TaskRow& row) {
  const bool gone = row.count == 0;
  return {std::to_string(row.count),
          units::format_change(row.change),
          row.state,
          row.wait,
          gone ? "-" : units::rounded_duration(units::from_seconds(row.oldest_seconds)),
          gone ? "-" : units::rounded_size(static_cast<std::int64_t>(row.bytes)),
          row.site,
          row.waits_at};
}

Look look_of(const TaskRow& row) {
  if (row.count == 0) return Look::faint;
  return row.is_leaked() ? Look::alarming : Look::plain;
}

// The two location columns share the width that the others leave.
void make_fit(Widths& widths, std::size_t width) {
  std::size_t others = 0;
  for (std::size_t i = 0; i < site; ++i) others += widths[i] > 0 ? widths[i] + gap : 0;
  const std::size_t room = std::max(width - std::min(width, others + gap), least_for_places);
  if (widths[site] + widths[waits_at] <= room) return;
  widths[site] = std::min(widths[site], std::max(room / 2, room - std::min(room, widths[waits_at])));
  widths[waits_at] = std::min(widths[waits_at], room - widths[site]);
}

std::string line_of(const Cells& row, const Widths& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns; ++i) {
    if (widths[i] == 0) continue;
    const std::string text = i < site ? row[i] : cli::shortened_in_front(row[i], widths[i]);
    const std::string blanks(widths[i] - std::min(widths[i], cli::cells(text)), ' ');
    if (!line.empty()) line.append(gap, ' ');
    line += to_the_right[i] ? blanks + text : text + blanks;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string in_brackets(const std::string& text) { return text.empty() ? text : fmt::format(" ({})", text); }

}  // namespace

std::vector<Line> task_table(const TaskList& list, const TableStyle& style) {
  if (list.rows.empty()) return {};
  std::vector<Cells> rows;
  Widths widths;
  for (std::size_t i = 0; i < columns; ++i) widths[i] = titles[i].size();
  for (const TaskRow& row : list.rows) {
    rows.push_back(cells_of(row));
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], cli::cells(rows.back()[i]));
  }
  if (!style.changes) widths[change] = 0;
  if (!style.states) widths[state] = 0;
  if (style.width > 0) make_fit(widths, style.width);

  std::vector<Line> lines = {{line_of(titles, widths), Look::title}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    lines.push_back({line_of(rows[i], widths), look_of(list.rows[i])});
  }
  return lines;
}

std::vector<Line> task_summary(const TaskList& list) {
  const auto number = [](std::uint64_t count) {
    return units::format_count(static_cast<std::int64_t>(count));
  };
  std::string text = fmt::format("{} live{}", units::counted(list.live, "task"),
                                 in_brackets(units::format_change(list.live_change)));
  const bool all = list.listed == list.live;
  text += all ? ", " : fmt::format("; {} listed, ", number(list.listed));
  text += fmt::format("{} {}leaked{}", number(list.leaked), all ? "" : "of them ",
                      in_brackets(units::format_change(list.leaked_change)));
  std::vector<Line> lines = {{std::move(text), list.leaked > 0 ? Look::alarming : Look::strong}};
  if (list.coroutines > 0) {
    lines.push_back({fmt::format("{} live; list them with leash-client coroutines",
                                 units::counted(list.coroutines, "coroutine"))});
  }
  if (list.left_out > 0)
    lines.push_back({fmt::format("not listed: {} beyond the limit", units::counted(list.left_out, "task"))});
  for (const std::string& loop : list.unresponsive) {
    lines.push_back(
        {fmt::format("not listed: the tasks of {}, which does not respond", loop), Look::alarming});
  }
  return lines;
}

}  // namespace client
