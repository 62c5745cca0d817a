// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "loadgen/report/report_figures.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace loadgen {
namespace {

constexpr std::string_view bar_between = " │";
constexpr std::size_t time_width = 6;

struct Column {
  std::string_view title;
  std::size_t width;
  bool of_server;
  bool alarming;  // if it is not 0
  std::string (*cell)(const RowSide&);
};

std::string seen_cell(const RowSide& side, std::int64_t ServerObservation::*member,
                      std::string (*format)(std::int64_t)) {
  return figure(side.seen, member, format);
}

std::string sent(const RowSide& side) { return units::format_count(side.interval.sent); }
std::string ok(const RowSide& side) { return units::format_count(side.interval.ok); }
std::string errors(const RowSide& side) { return units::format_count(side.interval.errors); }
std::string p50(const RowSide& side) { return latency_at(side.interval.latency, 0.5); }
std::string p99(const RowSide& side) { return latency_at(side.interval.latency, 0.99); }
std::string live(const RowSide& side) {
  return seen_cell(side, &ServerObservation::tasks, units::format_count);
}
std::string leaked(const RowSide& side) {
  return seen_cell(side, &ServerObservation::tasks_leaked, units::format_count);
}
std::string rss(const RowSide& side) {
  return seen_cell(side, &ServerObservation::rss_bytes, units::rounded_size);
}

std::vector<Column> columns_for(std::size_t sides, std::size_t width) {
  if (sides == 1) {
    return {{"sent", 7, false, false, sent},   {"ok", 7, false, false, ok},   {"err", 6, false, true, errors},
            {"p50", 9, false, false, p50},     {"p99", 9, false, false, p99}, {"live", 7, true, false, live},
            {"leaked", 7, true, true, leaked}, {"rss", 10, true, false, rss}};
  }
  std::vector<Column> columns{{"ok", 6, false, false, ok},
                              {"err", 5, false, true, errors},
                              {"p99", 8, false, false, p99},
                              {"leaked", 7, true, true, leaked}};
  if (width < 110) return columns;
  columns.insert(columns.end() - 1, Column{"live", 7, true, false, live});
  columns.push_back(Column{"rss", 9, true, false, rss});
  return columns;
}

// A bar separates the sides, and on a single side the figures of the client from those of the server.
template <class Cell>
std::string cells_of(std::span<const Column> columns, bool bar_inside, Cell cell) {
  std::string text;
  bool server_part = false;
  for (const Column& column : columns) {
    if (bar_inside && column.of_server && !server_part) text += bar_between;
    server_part = column.of_server;
    text.append(" ").append(cell(column));
  }
  return text;
}

}  // namespace

std::string row_header(std::size_t sides, const RowStyle& style) {
  const auto columns = columns_for(sides, style.width);
  const std::string titles = cells_of(
      columns, sides == 1, [](const Column& column) { return cli::pad_left(column.title, column.width); });
  if (sides == 1) return cli::pad_left("time", time_width) + titles;
  std::string names(time_width, ' ');
  std::string line = cli::pad_left("time", time_width);
  for (std::size_t side = 0; side < sides; ++side) {
    names += fmt::format("{} {}", bar_between, cli::pad_right(side_name(side), cli::cells(titles) - 1));
    line.append(bar_between).append(titles);
  }
  return names + "\n" + line;
}

std::string row(std::chrono::seconds time, bool warmup, std::span<const RowSide> sides,
                const RowStyle& style) {
  const auto columns = columns_for(sides.size(), style.width);
  // The seconds of the warm-up are marked.
  std::string line = cli::pad_left(fmt::format("{}{}s", warmup ? "~" : "", time.count()), time_width);
  for (const RowSide& side : sides) {
    if (sides.size() > 1) line += bar_between;
    line += cells_of(columns, sides.size() == 1, [&](const Column& column) {
      const std::string text = column.cell(side);
      const bool alarm = column.alarming && text != "0" && text != unknown_figure;
      return cli::painted(cli::pad_left(text, column.width), alarm ? cli::Look::alarming : cli::Look::plain,
                          style.color);
    });
  }
  return line;
}

std::string progress_line(double share, std::string_view text) {
  constexpr int width = 32;
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  std::string line = "  ";
  for (int i = 0; i < width; ++i) line += i < full ? "█" : "░";
  return fmt::format("{}  {}", line, text);
}

}  // namespace loadgen
