// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/rows.hpp"

#include <algorithm>
#include <cmath>

#include "units/text.hpp"

namespace loadgen {
namespace {

constexpr std::string_view bar_between = " │";

std::string cell(std::string_view text, std::size_t width) { return " " + pad_left(text, width); }

std::string quantile(const Histogram& latency, double q) {
  return latency.count() == 0 ? "–" : format_duration(latency.at_quantile(q));
}

std::string seen_cells(const std::optional<ServerObservation>& seen, std::size_t count_width,
                       std::size_t bytes_width) {
  if (!seen) return cell("–", count_width) + cell("–", count_width) + cell("–", bytes_width);
  return cell(format_count(seen->tasks), count_width) + cell(format_count(seen->tasks_leaked), count_width) +
         cell(format_bytes(seen->rss_bytes), bytes_width);
}

// The seconds of the warm-up are marked.
std::string time_cell(std::chrono::seconds time, bool warmup) {
  return pad_left((warmup ? "~" : "") + std::to_string(time.count()) + "s", 6);
}

std::string half(const Interval& interval, const std::optional<ServerObservation>& seen) {
  return cell(format_count(interval.ok), 6) + cell(format_count(interval.errors), 5) +
         cell(quantile(interval.latency, 0.99), 8) + seen_cells(seen, 7, 9);
}

}  // namespace

std::string run_header() {
  return pad_left("time", 6) + cell("sent", 7) + cell("ok", 7) + cell("err", 6) + cell("p50", 9) +
         cell("p99", 9) + std::string(bar_between) + cell("live", 7) + cell("leaked", 7) + cell("rss", 10);
}

std::string run_row(std::chrono::seconds time, bool warmup, const Interval& interval,
                    const std::optional<ServerObservation>& seen) {
  return time_cell(time, warmup) + cell(format_count(interval.sent), 7) + cell(format_count(interval.ok), 7) +
         cell(format_count(interval.errors), 6) + cell(quantile(interval.latency, 0.5), 9) +
         cell(quantile(interval.latency, 0.99), 9) + std::string(bar_between) + seen_cells(seen, 7, 10);
}

std::string compare_header() {
  const std::string columns =
      cell("ok", 6) + cell("err", 5) + cell("p99", 8) + cell("live", 7) + cell("leaked", 7) + cell("rss", 9);
  const std::string bar(bar_between);
  return pad_left("", 6) + bar + " " + pad_right("fixed", cells(columns) - 1) + bar + " leaky\n" +  //
         pad_left("time", 6) + bar + columns + bar + columns;
}

std::string compare_row(std::chrono::seconds time, bool warmup, const Interval& fixed,
                        const std::optional<ServerObservation>& fixed_seen, const Interval& leaky,
                        const std::optional<ServerObservation>& leaky_seen) {
  return time_cell(time, warmup) + std::string(bar_between) + half(fixed, fixed_seen) +
         std::string(bar_between) + half(leaky, leaky_seen);
}

std::string progress_line(double share, std::string_view text) {
  constexpr int width = 32;
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width));
  std::string line = "  ";
  for (int i = 0; i < width; ++i) line += i < full ? "█" : "░";
  return line + "  " + std::string(text);
}

}  // namespace loadgen
