// SPDX-License-Identifier: BSL-1.0
#include "client/command/task_table.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "cli/text.hpp"
#include "units/size.hpp"

namespace client {
namespace {

// The last two are the places, which give way when there is no room.
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
          signed_number(row.change),
          row.state,
          row.wait,
          gone ? "-" : age(row.oldest_seconds),
          gone ? "-" : http::format_size(row.bytes),
          row.site,
          row.waits_at};
}

Look look_of(const TaskRow& row) {
  if (row.count == 0) return Look::faint;
  return row.is_leaked() ? Look::alarming : Look::plain;
}

// The two places share what the others leave.
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
    const std::string text = i < site ? row[i] : shortened_in_front(row[i], widths[i]);
    const std::string blanks(widths[i] - std::min(widths[i], cells(text)), ' ');
    if (!line.empty()) line.append(gap, ' ');
    line += to_the_right[i] ? blanks + text : text + blanks;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string in_brackets(const std::string& text) { return text.empty() ? text : " (" + text + ")"; }

}  // namespace

std::string painted(const Line& line, bool color) {
  static constexpr std::array<std::string_view, 5> sequences = {"", "\x1b[1m", "\x1b[31m", "\x1b[2m",
                                                                "\x1b[7m"};
  const std::string_view sequence = sequences[static_cast<std::size_t>(line.look)];
  if (!color || sequence.empty()) return line.text;
  return std::string(sequence) + line.text + "\x1b[0m";
}

std::vector<Line> task_table(const TaskList& list, const TableStyle& style) {
  if (list.rows.empty()) return {};
  std::vector<Cells> rows;
  Widths widths;
  for (std::size_t i = 0; i < columns; ++i) widths[i] = titles[i].size();
  for (const TaskRow& row : list.rows) {
    rows.push_back(cells_of(row));
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], cells(rows.back()[i]));
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
  std::string text = number_of_tasks(list.live) + " live" + in_brackets(signed_number(list.live_change));
  text += list.listed == list.live ? ", " : "; " + std::to_string(list.listed) + " listed, ";
  text += std::to_string(list.leaked) + " leaked" + in_brackets(signed_number(list.leaked_change));
  std::vector<Line> lines = {{std::move(text), list.leaked > 0 ? Look::alarming : Look::strong}};
  if (list.left_out > 0)
    lines.push_back({"not listed: " + number_of_tasks(list.left_out) + " beyond the limit"});
  for (const std::string& loop : list.unresponsive) {
    lines.push_back({"not listed: the tasks of " + loop + ", which does not respond", Look::alarming});
  }
  return lines;
}

}  // namespace client
