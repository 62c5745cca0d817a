// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/rows.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "units/text.hpp"

namespace {

using namespace std::chrono_literals;

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

std::size_t width_of(const std::string& line) { return loadgen::cells(line); }

TEST(Rows, OfARunAreAsWideAsTheirHeader) {
  const std::size_t width = width_of(loadgen::run_header());
  EXPECT_LE(width, 78u);
  EXPECT_EQ(width_of(loadgen::run_row(1s, true, interval(300), seen())), width);
  EXPECT_EQ(width_of(loadgen::run_row(3600s, false, interval(0), std::nullopt)), width);
}

TEST(Rows, OfACompareAreAsWideAsTheirHeader) {
  std::istringstream header(loadgen::compare_header());
  std::string titles;
  std::string columns;
  std::getline(header, titles);
  std::getline(header, columns);
  EXPECT_LE(width_of(columns), 110u);
  EXPECT_EQ(width_of(loadgen::compare_row(7s, false, interval(300), seen(), interval(12'345), std::nullopt)),
            width_of(columns));
}

TEST(Rows, ShowTheClientsAndTheServersFigures) {
  const std::string row = loadgen::run_row(7s, false, interval(300), seen());
  for (const char* cell : {"7s", "300", "5.00 ms", "452", "450", "20.0 MiB"}) {
    EXPECT_NE(row.find(cell), std::string::npos) << cell << " in " << row;
  }
}

TEST(Rows, MarkTheWarmup) {
  EXPECT_NE(loadgen::run_row(1s, true, interval(1), seen()).find("~1s"), std::string::npos);
  EXPECT_EQ(loadgen::run_row(1s, false, interval(1), seen()).find('~'), std::string::npos);
}

TEST(Rows, AMissedScrapeIsADashAndNotAZero) {
  const std::string row = loadgen::run_row(7s, false, interval(300), std::nullopt);
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
