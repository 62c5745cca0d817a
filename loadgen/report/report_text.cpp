// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.hpp"
#include "cli/text.hpp"
#include "loadgen/report/conclusion.hpp"
#include "loadgen/report/plot.hpp"
#include "loadgen/report/report_figures.hpp"
#include "loadgen/trend.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace loadgen {
namespace {

using cli::Look;

constexpr std::size_t line_width = 80;

// "leaked tasks grew by 450 per second (Theil–Sen, 21 scrapes)"; empty if there are too few scrapes.
std::string trend_text(const RunResult& result) {
  if (result.runs > 1) return {};  // their scrapes have different clocks
  std::vector<TrendPoint> points;
  for (const auto& seen : result.evidence.during) {
    points.push_back({.seconds = units::to_seconds(seen.at - result.evidence.during.front().at),
                      .value = static_cast<double>(seen.tasks_leaked)});
  }
  const auto slope = theil_sen_slope(points);
  if (!slope) return {};
  return fmt::format("leaked tasks grew by {} per second (Theil–Sen over {} scrapes)",
                     units::format_fixed(*slope, 1), points.size());
}

// Wraps the text between words and indents the lines; the first line is indented by `first`.
std::string wrapped(std::string_view text, std::string_view first, std::size_t indent) {
  std::string lines(first);
  std::size_t used = cli::cells(first);
  bool at_start = true;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!at_start && used + 1 + cli::cells(word) > line_width) {
      lines.append("\n").append(indent, ' ');
      used = indent;
    } else if (!at_start) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += cli::cells(word);
    at_start = false;
  }
  return lines + "\n";
}

std::string table_text(const FigureTable& table) {
  std::size_t names = cli::cells(table.caption);
  std::vector<std::size_t> widths;
  for (const auto& row : table.rows) names = std::max(names, cli::cells(row.name) + 2);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    widths.push_back(std::max<std::size_t>(cli::cells(table.columns[i]), 9));
    for (const auto& row : table.rows) widths[i] = std::max(widths[i], cli::cells(row.values[i]));
  }
  const auto line = [&](const std::string& name, const std::vector<std::string>& values) {
    std::string text = cli::pad_right(name, names);
    for (std::size_t i = 0; i < values.size(); ++i) text += "  " + cli::pad_left(values[i], widths[i]);
    return text + "\n";
  };
  std::string text = "\n" + line(table.caption, table.columns);
  for (const auto& row : table.rows) text += line("  " + row.name, row.values);
  return text;
}

// Rows of equal width from the fastest to the slowest response. The last row contains the few slowest ones, as its label
// says.
std::string histogram_rows(const Histogram& latency) {
  constexpr int rows = 10;
  constexpr std::size_t widest_bar = 40;
  if (latency.count() == 0) return {};
  const auto from = latency.min();
  const auto step = (latency.max() - from) / rows;
  std::vector<std::int64_t> counts;
  std::uint64_t below = 0;
  for (int row = 1; row <= rows; ++row) {
    const auto up_to = row == rows ? latency.count() : latency.count_at_most(from + step * row);
    counts.push_back(static_cast<std::int64_t>(up_to - below));
    below = up_to;
  }
  const auto largest = *std::ranges::max_element(counts);
  const auto count_width = units::format_count(largest).size();
  std::string text = "\n";
  for (int row = 0; row < rows; ++row) {
    const auto count = counts[static_cast<std::size_t>(row)];
    const auto label = row + 1 == rows ? latency.max() : from + step * (row + 1);
    text += fmt::format("  ≤ {}  {}  {}\n", cli::pad_left(units::rounded_duration(label), 8),
                        cli::pad_left(units::format_count(count), count_width),
                        bar(static_cast<double>(count), static_cast<double>(largest), widest_bar));
  }
  return text;
}

// "  met     p99<50ms  12.3 ms"
std::string threshold_lines(const RunResult& result, std::string_view heading, bool color) {
  if (result.thresholds.empty()) return {};
  std::size_t width = 0;
  for (const auto& each : result.thresholds) width = std::max(width, cli::cells(each.text));
  std::string text = fmt::format("\n{}\n", heading);
  for (const auto& each : result.thresholds) {
    text += fmt::format(
        "  {}  {}  {}\n",
        cli::painted(each.met ? "met   " : "missed", each.met ? Look::good : Look::alarming, color),
        cli::pad_right(each.text, width), each.shown);
  }
  return text;
}

std::vector<ServerObservation> over_time(const Evidence& evidence) {
  std::vector<ServerObservation> all;
  if (evidence.before) all.push_back(*evidence.before);
  all.insert(all.end(), evidence.during.begin(), evidence.during.end());
  if (evidence.after) all.push_back(*evidence.after);
  return all;
}

// Two plots of one figure over time, fixed and leaky, with the same scale.
std::string plots(std::string_view title, std::span<const RunResult> results,
                  std::int64_t ServerObservation::*member, std::string (*format)(std::int64_t),
                  bool from_zero) {
  constexpr std::size_t width = 48;
  std::array<std::vector<double>, 2> values;
  for (std::size_t side = 0; side < values.size(); ++side) {
    for (const auto& seen : over_time(results[side].evidence))
      values[side].push_back(static_cast<double>(seen.*member));
  }
  if (values[0].empty() && values[1].empty()) return {};

  Scale scale{.from = from_zero ? 0 : 1e300, .to = 0};
  for (const auto& line : values) {
    for (const double value : line) scale = {std::min(scale.from, value), std::max(scale.to, value)};
  }
  const auto drawn = std::min(width, std::max(values[0].size(), values[1].size()));
  std::string text = fmt::format("\n{}\n", title);
  for (std::size_t side = 0; side < values.size(); ++side) {
    if (values[side].empty()) continue;
    text += fmt::format("  {}  {}  at most {}\n", side_name(side),
                        cli::pad_right(sparkline(values[side], scale, width), drawn),
                        format(static_cast<std::int64_t>(*std::ranges::max_element(values[side]))));
  }
  return text;
}

// The conclusion, and above it the verdict if it differs.
std::string conclusion_text(std::span<const RunResult> results, bool color) {
  const Conclusion conclusion = conclude(results);
  std::string text = "\nVerdict\n";
  for (std::size_t side = 0; side < results.size(); ++side) {
    const Judgement& judgement = results[side].judgement;
    const std::string verdict = fmt::format("{}: {}", to_string(judgement.verdict), judgement.reason);
    if (results.size() > 1) text += wrapped(verdict, fmt::format("  {}  ", side_name(side)), 9);
    if (results.size() == 1 && judgement.reason != conclusion.reason) text += wrapped(verdict, "  ", 2);
  }
  const Look look = conclusion.exit_status == Exit::clean     ? Look::good
                    : conclusion.exit_status == Exit::unknown ? Look::doubtful
                                                              : Look::alarming;
  const std::string line =
      wrapped(fmt::format("{} (exit status {})", conclusion.headline(), conclusion.exit_status), "  ", 2);
  return text + "  " + cli::painted(std::string_view(line).substr(2, conclusion.word.size()), look, color) +
         line.substr(2 + conclusion.word.size());
}

std::string note_lines(std::span<const RunResult> results) {
  std::string text;
  for (std::size_t side = 0; side < results.size(); ++side) {
    const std::string of_side = results.size() > 1 ? fmt::format("  {}: ", side_name(side)) : "  ";
    for (const std::string& note : all_notes(results[side])) text += wrapped(note, of_side, 4);
    const std::string others = others_text(results[side].judgement);
    if (!others.empty()) text += wrapped(others, of_side, 4);
  }
  return text.empty() ? text : "\nNotes\n" + text;
}

std::string run_text(const RunResult& result, bool color) {
  const auto& requests = result.requests;
  std::string text = "Summary\n";
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("  {}{}\n", cli::pad_right(name, 12), value);
  };
  line("target", target_text(result));
  if (!result.evidence.unreachable.empty()) return text;
  if (result.runs > 1) line("runs", units::format_count(result.runs) + ", merged");
  line("duration", units::rounded_duration(result.elapsed));
  line("requests",
       fmt::format("{} sent, {} ok, {} errors, {} aborted, {} refused", units::format_count(requests.sent),
                   units::format_count(requests.ok), units::format_count(requests.errors),
                   units::format_count(requests.aborted), units::format_count(requests.refused)));
  line("rate", rate_text(result));
  if (result.elapsed.count() > 0) {
    const auto per_second = static_cast<double>(requests.bytes_received) / units::to_seconds(result.elapsed);
    line("bytes", fmt::format("{} sent, {} received, {} per second", units::rounded_size(requests.bytes_sent),
                              units::rounded_size(requests.bytes_received),
                              units::rounded_size(static_cast<std::int64_t>(per_second))));
  }
  for (const FigureTable& table : run_tables(result)) {
    text += table_text(table);
    if (table.caption == "Latency") text += histogram_rows(result.latency);
  }
  if (const std::string trend = trend_text(result); !trend.empty()) text += fmt::format("  {}\n", trend);
  if (result.judgement.leaked_per_request) {
    text += fmt::format("  left over per request: {} tasks and {}\n",
                        per_request(result.judgement.leaked_per_request),
                        bytes_per_request(result.judgement.bytes_per_request));
  }
  return text + threshold_lines(result, "Thresholds", color);
}

std::string compare_text(std::span<const RunResult> results, bool color) {
  std::string text;
  for (const FigureTable& table : compare_tables(results[0], results[1])) text += table_text(table);
  text +=
      plots("Leaked tasks over time", results, &ServerObservation::tasks_leaked, units::format_count, true);
  text += plots("RSS over time", results, &ServerObservation::rss_bytes, units::rounded_size, false);
  for (std::size_t side = 0; side < results.size(); ++side)
    text += threshold_lines(results[side], fmt::format("Thresholds, {}", side_name(side)), color);
  return text.substr(1);
}

}  // namespace

std::string report_text(std::span<const RunResult> results, bool color) {
  return (results.size() == 1 ? run_text(results[0], color) : compare_text(results, color)) +
         note_lines(results) + conclusion_text(results, color);
}

}  // namespace loadgen
