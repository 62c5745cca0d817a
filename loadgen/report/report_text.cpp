// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_text.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "loadgen/report/plot.hpp"
#include "loadgen/report/report_figures.hpp"
#include "loadgen/trend.hpp"
#include "units/text.hpp"

namespace loadgen {
namespace {

std::vector<ServerObservation> over_time(const Evidence& evidence) {
  std::vector<ServerObservation> all;
  if (evidence.before) all.push_back(*evidence.before);
  all.insert(all.end(), evidence.during.begin(), evidence.during.end());
  if (evidence.after) all.push_back(*evidence.after);
  return all;
}

std::string rate_text(const RunResult& result) {
  std::string text = format_fixed(result.rate_reached, 1) + " a second";
  if (result.rate_asked) text += " of " + format_fixed(*result.rate_asked, 1) + " asked";
  return text;
}

std::string mode_of(const RunResult& result) { return result.mode.empty() ? "" : " (" + result.mode + ")"; }

// "leaked tasks grow by 450 a second (Theil–Sen, 21 scrapes)"; empty when the scrapes are too few.
std::string trend_line(const RunResult& result) {
  if (result.runs > 1) return {};  // the scrapes of several clocks
  const Evidence& evidence = result.evidence;
  std::vector<TrendPoint> points;
  for (const auto& seen : evidence.during) {
    points.push_back({.seconds = std::chrono::duration<double>(seen.at - evidence.during.front().at).count(),
                      .value = static_cast<double>(seen.tasks_leaked)});
  }
  const auto slope = theil_sen_slope(points);
  if (!slope) return {};
  return "  leaked tasks grew by " + format_fixed(*slope, 1) + " a second (Theil–Sen over " +
         format_count(static_cast<std::int64_t>(points.size())) + " scrapes)\n";
}

std::string others_line(const Judgement& judgement) {
  if (judgement.requests_of_others == 0) return {};
  return "  the server saw " + format_count(judgement.requests_seen) + " requests, " +
         format_count(judgement.requests_of_others) + " of them from other clients\n";
}

// In lines of at most `line_width` cells, broken between words; from the second on they are indented.
std::string wrapped(std::string_view text, std::string_view indent) {
  constexpr std::size_t line_width = 90;
  std::string lines;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (used > 0 && used + 1 + cells(word) > line_width) {
      lines += "\n" + std::string{indent};
      used = indent.size();
    } else if (used > 0) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += cells(word);
  }
  return lines + "\n";
}

std::string verdict_line(const Judgement& judgement) {
  return std::string{to_string(judgement.verdict)} + ": " + judgement.reason;
}

// Rows of equal width from the fastest to the slowest response, a few of them far out left to the last row's
// label.
std::string histogram_rows(const Histogram& latency) {
  constexpr int rows = 10;
  constexpr std::size_t widest_bar = 40;
  const auto from = latency.min();
  const auto step = (latency.max() - from) / rows;
  std::vector<std::int64_t> counts;
  std::uint64_t below = 0;
  for (int row = 1; row <= rows; ++row) {
    const auto up_to = row == rows ? latency.count() : latency.count_at_most(from + step * row);
    counts.push_back(static_cast<std::int64_t>(up_to - below));
    below = up_to;
  }
  const auto most = *std::ranges::max_element(counts);
  const auto count_width = format_count(most).size();
  std::string text;
  for (int row = 0; row < rows; ++row) {
    const auto count = counts[static_cast<std::size_t>(row)];
    const auto label = row + 1 == rows ? latency.max() : from + step * (row + 1);
    text += "  ≤ " + pad_left(format_duration(label), 8) + "  " + pad_left(format_count(count), count_width) +
            "  " + bar(static_cast<double>(count), static_cast<double>(most), widest_bar) + "\n";
  }
  return text;
}

// "  met     p99<50ms  12.3 ms"
std::string threshold_lines(const RunResult& result) {
  std::size_t width = 0;
  for (const auto& each : result.thresholds) width = std::max(width, cells(each.text));
  std::string text;
  for (const auto& each : result.thresholds) {
    text += std::string("  ") + (each.met ? "met     " : "missed  ") + pad_right(each.text, width) + "  " +
            each.shown + "\n";
  }
  return text;
}

std::string note_lines(const RunResult& result, std::string_view who) {
  std::string text;
  for (const std::string& note : result.notes) text += std::string(who) + wrapped(note, "  ");
  return text;
}

std::string server_lines(const RunResult& result) {
  const std::array columns{result.evidence.before, at_end_of_load(result.evidence), result.evidence.after};
  std::string text = pad_right("", 15) + pad_left("before", 13) + pad_left("end of load", 13) +
                     pad_left("after drain", 13) + "\n";
  for (const ServerRow& row : server_rows) {
    text += "  " + pad_right(row.name, 13);
    for (const auto& column : columns) text += pad_left(figure(column, row.member, row.format), 13);
    text += "\n";
  }
  return text;
}

// Two lines of one figure over time, fixed and leaky, drawn to the scale of both.
std::string plots(std::string_view title, const RunResult& fixed, const RunResult& leaky,
                  std::int64_t ServerObservation::*member, std::string (*format)(std::int64_t),
                  bool from_zero) {
  constexpr std::size_t width = 64;
  const auto values_of = [&](const RunResult& result) {
    std::vector<double> values;
    for (const auto& seen : over_time(result.evidence)) values.push_back(static_cast<double>(seen.*member));
    return values;
  };
  const std::array values{values_of(fixed), values_of(leaky)};
  if (values[0].empty() && values[1].empty()) return {};

  Scale scale{.from = from_zero ? 0 : 1e300, .to = 0};
  for (const auto& line : values) {
    for (const double value : line) scale = {std::min(scale.from, value), std::max(scale.to, value)};
  }
  const auto line_width = std::min(width, std::max(values[0].size(), values[1].size()));
  std::string text = "\n" + std::string{title} + "\n";
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    if (values[i].empty()) continue;
    const auto highest = static_cast<std::int64_t>(*std::ranges::max_element(values[i]));
    text += pad_right(i == 0 ? "  fixed" : "  leaky", 9) +
            pad_right(sparkline(values[i], scale, width), line_width) + "  at most " + format(highest) + "\n";
  }
  return text;
}

}  // namespace

std::string run_text(const RunResult& result) {
  const auto& requests = result.requests;
  std::string text = "Summary\n";
  const auto line = [&](std::string_view name, std::string_view value) {
    text += "  " + pad_right(name, 12) + std::string{value} + "\n";
  };
  line("target", result.target + mode_of(result));
  if (result.runs > 1) line("runs", format_count(result.runs) + ", merged");
  line("duration", format_duration(result.elapsed));
  line("requests", format_count(requests.sent) + " sent, " + format_count(requests.ok) + " ok, " +
                       format_count(requests.errors) + " errors, " + format_count(requests.aborted) +
                       " aborted, " + format_count(requests.refused) + " refused");
  line("rate", rate_text(result));

  text += "\nLatency\n";
  for (const auto& [name, quantile] : percentiles) {
    text += "  " + pad_right(name, 7) + pad_left(latency_at(result.latency, quantile), 8) + "\n";
  }
  if (result.latency.count() > 0) text += "\n" + histogram_rows(result.latency);

  if (!requests.by_status.empty()) {
    text += "\nStatus codes\n";
    for (const auto& [status, count] : requests.by_status) {
      text += "  " + std::to_string(status) + "  " + format_count(count) + "\n";
    }
  }

  if (!requests.by_error.empty()) {
    std::size_t width = 0;
    for (const auto& [error, count] : requests.by_error) width = std::max(width, cells(error));
    text += "\nErrors\n";
    for (const auto& [error, count] : requests.by_error)
      text += "  " + pad_right(error, width) + "  " + format_count(count) + "\n";
  }

  if (result.evidence.wanted) {
    text += "\nServer\n" + server_lines(result) + others_line(result.judgement) + trend_line(result);
  }
  if (result.judgement.leaked_per_request) {
    text += "  a request left " + per_request(result.judgement.leaked_per_request) + " tasks and " +
            bytes_per_request(result.judgement.bytes_per_request) + "\n";
  }
  if (!result.thresholds.empty()) text += "\nThresholds\n" + threshold_lines(result);
  if (!result.notes.empty()) text += "\nNotes\n" + note_lines(result, "  ");
  return text + "\nVerdict\n  " + wrapped(verdict_line(result.judgement), "  ");
}

std::string compare_text(const RunResult& fixed, const RunResult& leaky) {
  std::string text = pad_right("", 26) + pad_left("fixed", 14) + pad_left("leaky", 14) + "\n";
  const auto row = [&](std::string_view name, const std::function<std::string(const RunResult&)>& value) {
    text += "  " + pad_right(name, 24) + pad_left(value(fixed), 14) + pad_left(value(leaky), 14) + "\n";
  };
  const auto count_row = [&](std::string_view name, std::int64_t RequestCounts::*member) {
    row(name, [&](const RunResult& r) { return format_count(r.requests.*member); });
  };

  text += "requests\n";
  count_row("sent", &RequestCounts::sent);
  count_row("ok", &RequestCounts::ok);
  count_row("errors", &RequestCounts::errors);
  if (fixed.requests.aborted + leaky.requests.aborted > 0) count_row("aborted", &RequestCounts::aborted);
  if (fixed.requests.refused + leaky.requests.refused > 0) count_row("refused", &RequestCounts::refused);
  row("a second", [](const RunResult& r) { return format_fixed(r.rate_reached, 1); });

  text += "latency\n";
  for (const auto& [name, quantile] : percentiles) {
    row(name, [&](const RunResult& r) { return latency_at(r.latency, quantile); });
  }

  text += "tasks of requests\n";
  constexpr auto tasks = &ServerObservation::tasks;
  row("before", [&](const RunResult& r) { return figure(r.evidence.before, tasks, format_count); });
  row("at the end of the load",
      [&](const RunResult& r) { return figure(at_end_of_load(r.evidence), tasks, format_count); });
  row("after the drain", [&](const RunResult& r) { return figure(r.evidence.after, tasks, format_count); });

  text += "left over\n";
  const auto left_row = [&](std::string_view name, std::int64_t Judgement::*member) {
    row(name, [&](const RunResult& r) { return left_over(r, member); });
  };
  left_row("tasks", &Judgement::tasks_left);
  row("tasks a request", [](const RunResult& r) { return per_request(r.judgement.leaked_per_request); });
  left_row("contexts", &Judgement::contexts_left);
  left_row("timers", &Judgement::timers_left);

  text += "memory\n";
  row("growth a request",
      [](const RunResult& r) { return bytes_per_request(r.judgement.bytes_per_request); });
  row("growth of RSS", rss_growth);
  text += pad_right("verdict", 26) + pad_left(to_string(fixed.judgement.verdict), 14) +
          pad_left(to_string(leaky.judgement.verdict), 14) + "\n";

  text += plots("leaked tasks over time", fixed, leaky, &ServerObservation::tasks_leaked, format_count, true);
  text += plots("RSS over time", fixed, leaky, &ServerObservation::rss_bytes, format_bytes, false);

  for (const auto* result : {&fixed, &leaky}) {
    if (!result->thresholds.empty())
      text += std::string("\nthresholds, ") + (result == &fixed ? "fixed" : "leaky") + "\n" +
              threshold_lines(*result);
  }
  if (!fixed.notes.empty() || !leaky.notes.empty())
    text += "\n" + note_lines(fixed, "fixed: ") + note_lines(leaky, "leaky: ");

  for (const auto* result : {&fixed, &leaky}) {
    const auto* name = result == &fixed ? "\nfixed  " : "leaky  ";
    text += name + wrapped(verdict_line(result->judgement), "       ") + others_line(result->judgement);
  }
  return text;
}

}  // namespace loadgen
