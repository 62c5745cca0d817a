// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/rows.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <string>

#include "cli/text.hpp"

namespace {

using namespace std::chrono_literals;
using loadgen::Interval;
using loadgen::RowSide;
using loadgen::RowStyle;
using loadgen::ServerObservation;

loadgen::Interval interval(std::int64_t ok) {
  loadgen::Interval result;
  result.sent = ok;
  result.ok = ok;
  for (std::int64_t i = 0; i < ok; ++i) result.latency.record(5ms);
  return result;
}

loadgen::ServerObservation seen() {
  loadgen::ServerObservation figures;
  figures.tasks = 452;
  figures.tasks_leaked = 450;
  figures.rss_bytes = 20 * 1024 * 1024;
  return figures;
}

std::size_t width_of(const std::string& line) { return cli::cells(line); }

std::string run_row(std::chrono::seconds time, bool warmup, const Interval& interval,
                    const std::optional<ServerObservation>& seen, const RowStyle& style = {}) {
  const RowSide side{interval, seen};
  return loadgen::row(time, warmup, {&side, 1}, style);
}

std::string compare_row(const RowStyle& style) {
  const std::array intervals{interval(300), interval(12'345)};
  const std::array<std::optional<ServerObservation>, 2> looks{seen(), std::nullopt};
  const std::array sides{RowSide{intervals[0], looks[0]}, RowSide{intervals[1], looks[1]}};
  return loadgen::row(7s, false, sides, style);
}

TEST(Rows, OfARunAreAsWideAsTheirHeader) {
  const std::size_t width = width_of(loadgen::row_header(1, {}));
  EXPECT_LE(width, 80u);
  EXPECT_EQ(width_of(run_row(1s, true, interval(300), seen())), width);
  EXPECT_EQ(width_of(run_row(3600s, false, interval(0), std::nullopt)), width);
}

TEST(Rows, OfACompareFitTheTerminalAndTheirHeader) {
  for (const std::size_t terminal : {80u, 110u, 200u}) {
    std::istringstream header(loadgen::row_header(2, {.width = terminal}));
    std::string titles;
    std::string columns;
    std::getline(header, titles);
    std::getline(header, columns);
    EXPECT_LE(width_of(columns), terminal);
    EXPECT_EQ(width_of(compare_row({.width = terminal})), width_of(columns));
    EXPECT_EQ(columns.find("rss") != std::string::npos, terminal >= 110) << columns;
  }
}

TEST(Rows, ShowTheClientsAndTheServersFigures) {
  const std::string row = run_row(7s, false, interval(300), seen());
  for (const char* cell : {"7s", "300", "5.00 ms", "452", "450", "20.0 MiB"}) {
    EXPECT_NE(row.find(cell), std::string::npos) << cell << " in " << row;
  }
}

TEST(Rows, ColorsAlarmsIfEnabled) {
  const std::string row = run_row(7s, false, interval(300), seen(), {.width = 80, .color = true});
  EXPECT_NE(row.find("\x1b[31m    450\x1b[0m"), std::string::npos) << row;
  EXPECT_EQ(run_row(7s, false, interval(300), std::nullopt, {.width = 80, .color = true}).find('\x1b'),
            std::string::npos);
}

TEST(Rows, MarkTheWarmup) {
  EXPECT_NE(run_row(1s, true, interval(1), seen()).find("~1s"), std::string::npos);
  EXPECT_EQ(run_row(1s, false, interval(1), seen()).find('~'), std::string::npos);
}

TEST(Rows, AMissedScrapeIsADashAndNotAZero) {
  const std::string row = run_row(7s, false, interval(300), std::nullopt);
  EXPECT_NE(row.substr(row.find("│")).find("–"), std::string::npos);
  EXPECT_EQ(row.substr(row.find("│")).find('0'), std::string::npos);
}

TEST(Rows, ProgressFillsUpAndStaysWithinItsBounds) {
  EXPECT_EQ(loadgen::progress_line(0, "x").find("█"), std::string::npos);
  EXPECT_EQ(loadgen::progress_line(1.5, "x").find("░"), std::string::npos);
  EXPECT_NE(loadgen::progress_line(0.5, "7s of 15s").find("7s of 15s"), std::string::npos);
  EXPECT_EQ(width_of(loadgen::progress_line(0.2, "x")), width_of(loadgen::progress_line(0.9, "x")));
}

}  // namespace
