// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_charts.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "loadgen/report/chart.hpp"
#include "loadgen/report/report_figures.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

constexpr std::size_t most_periods = 300;  // so that the page of a long run is not slow

std::string_view style_of(std::size_t side) { return side == 0 ? "a" : "b"; }

// The leaky line is drawn first and the fixed line over it in dashes, so that both are visible where they overlap.
std::string_view line_style_of(std::size_t side, std::span<const RunResult> results) {
  return results.size() == 1 ? "a" : side == 0 ? "a dashed" : "b";
}

std::vector<ChartPoint> points(const RunResult& result,
                               const std::function<std::optional<double>(const DrawnPeriod&)>& y) {
  std::vector<ChartPoint> line;
  for (const DrawnPeriod& each : drawn_periods(result)) {
    if (const auto value = y(each)) line.push_back({each.period.seconds, *value});
  }
  return line;
}

double end_of_load(const RunResult& result) {
  return result.timeline.empty() ? units::to_seconds(result.elapsed) : result.timeline.back().seconds;
}

// The time of the last observation of the server; empty if it may not be after the load.
std::optional<double> end_of_drain(const RunResult& result) {
  const Evidence& evidence = result.evidence;
  if (!evidence.after || evidence.during.empty() || result.runs != 1) return std::nullopt;
  for (const Period& period : result.timeline) {
    if (!period.seen) continue;
    const double end = period.seconds + units::to_seconds(evidence.after->at - period.seen->at);
    return end > end_of_load(result) + 0.2 ? std::optional(end) : std::nullopt;
  }
  return std::nullopt;
}

// The observations from before the load until after the drain.
std::vector<ChartPoint> server_points(const RunResult& result, std::int64_t ServerObservation::*member) {
  std::vector<ChartPoint> line;
  const auto add = [&](double at, const std::optional<ServerObservation>& seen) {
    if (seen) line.push_back({at, static_cast<double>((*seen).*member)});
  };
  add(0, result.evidence.before);
  for (const DrawnPeriod& each : drawn_periods(result)) add(each.period.seconds, each.period.seen);
  if (const auto end = end_of_drain(result)) add(*end, result.evidence.after);
  return line;
}

double last_time(std::span<const RunResult> results, bool with_drain) {
  double last = 0;
  for (const RunResult& result : results) {
    last = std::max(last, end_of_load(result));
    if (with_drain) last = std::max(last, end_of_drain(result).value_or(0));
  }
  return last;
}

LineChart empty_chart(std::string title, Unit unit, std::span<const RunResult> results, bool with_drain) {
  LineChart chart;
  chart.title = std::move(title);
  chart.unit = unit;
  chart.until = last_time(results, with_drain);
  chart.warmup = units::to_seconds(results[0].warmup);
  if (with_drain) chart.load_end = last_time(results, false);
  return chart;
}

// "fixed: at most 4 s, at the end 3 s. leaky: …"
void describe_lines(LineChart& chart) {
  for (const auto& line : chart.lines) {
    if (line.points.empty()) continue;
    const double most = std::ranges::max_element(line.points, {}, &ChartPoint::y)->y;
    chart.about += line.name + ": at most " + format_tick(most, chart.unit) + ", at the end " +
                   format_tick(line.points.back().y, chart.unit) + ". ";
  }
}

std::string server_chart(std::string title, Unit unit, std::span<const RunResult> results,
                         std::int64_t ServerObservation::*member) {
  LineChart chart = empty_chart(std::move(title), unit, results, true);
  for (std::size_t i = results.size(); i-- > 0;) {
    std::string name(results.size() == 1 ? chart.title : side_name(i));
    chart.lines.push_back({std::move(name), line_style_of(i, results), server_points(results[i], member)});
  }
  describe_lines(chart);
  const bool nothing = std::ranges::all_of(chart.lines, [](const auto& line) { return line.points.empty(); });
  return nothing ? std::string() : svg(chart);
}

std::optional<double> sent_a_second(const DrawnPeriod& i) {
  return static_cast<double>(i.period.sent) / i.lasted;
}
std::optional<double> errors_a_second(const DrawnPeriod& i) {
  return static_cast<double>(i.period.errors) / i.lasted;
}
std::optional<double> rate_asked(const DrawnPeriod& i) { return i.period.asked; }
std::optional<double> p50(const DrawnPeriod& i) { return i.period.p50; }
std::optional<double> p99(const DrawnPeriod& i) { return i.period.p99; }

bool has_errors(std::span<const RunResult> results) {
  return std::ranges::any_of(results, [](const RunResult& r) {
    return std::ranges::any_of(r.timeline, [](const Period& m) { return m.errors > 0; });
  });
}

}  // namespace

std::vector<DrawnPeriod> drawn_periods(const RunResult& result) {
  const auto& timeline = result.timeline;
  const std::size_t joined = 1 + timeline.size() / most_periods;
  std::vector<DrawnPeriod> drawn;
  double before = 0;
  for (std::size_t i = 0; i < timeline.size();) {
    DrawnPeriod each{.period = timeline[i], .lasted = 0};
    Period& sum = each.period;
    for (const std::size_t end = std::min(i + joined, timeline.size()); ++i < end;) {
      const Period& next = timeline[i];
      sum.seconds = next.seconds;
      sum.asked = next.asked;
      sum.sent += next.sent;
      sum.ok += next.ok;
      sum.errors += next.errors;
      if (next.p50) sum.p50 = std::max(sum.p50.value_or(0), *next.p50);
      if (next.p99) sum.p99 = std::max(sum.p99.value_or(0), *next.p99);
      if (next.seen) sum.seen = next.seen;
    }
    each.lasted = sum.seconds - std::exchange(before, sum.seconds);
    if (each.lasted > 0.5) drawn.push_back(each);
  }
  return drawn;
}

std::string client_charts(std::span<const RunResult> results) {
  std::string charts;
  const auto add = [&](LineChart chart) {
    describe_lines(chart);
    charts += svg(chart);
  };
  const bool one = results.size() == 1;
  LineChart rate = empty_chart("Requests per second", Unit::count, results, false);
  for (std::size_t i = results.size(); i-- > 0;) {
    rate.lines.push_back({std::string(one ? "sent" : side_name(i)), line_style_of(i, results),
                          points(results[i], sent_a_second)});
  }
  if (one) rate.lines.push_back({"requested", "muted", points(results[0], rate_asked)});
  if (one && has_errors(results))
    rate.lines.push_back({"errors", "bad", points(results[0], errors_a_second)});
  add(std::move(rate));
  if (one) {
    LineChart latency = empty_chart(results[0].runs > 1 ? "Latency, the highest of the runs" : "Latency",
                                    Unit::seconds, results, false);
    latency.lines.push_back({"p50", "a", points(results[0], p50)});
    latency.lines.push_back({"p99", "b", points(results[0], p99)});
    add(std::move(latency));
    return charts;
  }
  const auto both = [&](std::string title, Unit unit, auto value) {
    LineChart chart = empty_chart(std::move(title), unit, results, false);
    for (std::size_t i = results.size(); i-- > 0;)
      chart.lines.push_back(
          {std::string(side_name(i)), line_style_of(i, results), points(results[i], value)});
    add(std::move(chart));
  };
  both("Latency, median", Unit::seconds, p50);
  both("Latency, p99", Unit::seconds, p99);
  if (has_errors(results)) both("Errors per second", Unit::count, errors_a_second);
  return charts;
}

std::string server_charts(std::span<const RunResult> results) {
  return server_chart("Leaked tasks", Unit::count, results, &ServerObservation::tasks_leaked) +
         server_chart("Live tasks of requests", Unit::count, results, &ServerObservation::tasks) +
         server_chart("Resident memory", Unit::bytes, results, &ServerObservation::rss_bytes);
}

// All charts have one range for both sides, so that they can be compared.
std::string spread_charts(std::span<const RunResult> results) {
  constexpr int bars = 48;
  double from = 1e9;
  double to = 0;
  for (const RunResult& result : results) {
    if (result.latency.count() == 0) continue;
    from = std::min(from, units::to_seconds(result.latency.min()));
    to = std::max(to, units::to_seconds(result.latency.max()));
  }
  if (to < from * 1.2) to = from * 1.2;
  const double step = std::pow(to / from, 1.0 / bars);
  std::vector<SpreadChart> charts;
  double highest = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Histogram& latency = results[i].latency;
    SpreadChart chart;
    chart.title =
        results.size() == 1 ? "Latency distribution" : "Latency distribution: " + std::string(side_name(i));
    chart.style = style_of(i);
    std::uint64_t below = 0;
    for (int bar = 0; bar < bars && latency.count() > 0; ++bar) {
      const double left = from * std::pow(step, bar);
      const double right = left * step;
      const auto edge = units::from_seconds(right);
      const auto up_to = bar + 1 == bars ? latency.count() : latency.count_at_most(edge);
      const double part = static_cast<double>(up_to - below) / static_cast<double>(latency.count());
      chart.bars.push_back({left, right, part});
      highest = std::max(highest, part);
      below = up_to;
    }
    for (const auto& [name, quantile] : percentiles) {
      if (quantile == 1 || latency.count() == 0) continue;
      chart.marks.push_back({std::string(name), units::to_seconds(latency.at_quantile(quantile))});
      chart.about += std::string(name) + " " + latency_at(latency, quantile) + ", ";
    }
    chart.about += "max " + latency_at(latency, 1) + ".";
    charts.push_back(std::move(chart));
  }
  std::string all;
  for (SpreadChart& chart : charts) {
    chart.highest = highest;
    all += svg(chart);
  }
  return all;
}

}  // namespace loadgen
