// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/chart.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "http/message/html.hpp"
#include "units/text.hpp"

namespace loadgen {

using http::escape_html;

namespace {

// The drawing is 1000 by 100, stretched to whatever is there; text is placed in pixels and shares beside it.
constexpr double plot_height = 150;  // pixels
constexpr double plot_top = 16;
constexpr double axis_height = 22;
constexpr double gutter = 0.15;  // of the width, on the left: the numbers of the axis

// A share of the plot as a share of the whole width.
double across(double share) { return gutter + share * (1 - gutter); }

std::string number(double value) {
  std::string text = format_fixed(value, 2);
  std::erase(text, ',');
  return text;
}

double rounded_up(double value, std::initializer_list<double> steps) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : steps) {
    if (step * power >= value * (1 - 1e-9)) return step * power;
  }
  return 10 * power;
}

double nice_step(double rough, Unit unit) {
  if (unit != Unit::bytes) {
    const double step = rounded_up(rough, {1, 2, 2.5, 5});
    return unit == Unit::count ? std::max(1.0, std::ceil(step)) : step;
  }
  double scale = 1;
  while (rough / scale >= 1024) scale *= 1024;
  for (const double step : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}) {
    if (step * scale >= rough) return step * scale;
  }
  return 1024 * scale;
}

// Seconds between two labels of the axis of time, so that there are few.
double time_step(double until) {
  for (const double step : {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200}) {
    if (until / step <= 6) return step;
  }
  return 86400 * std::ceil(until / 6 / 86400);
}

std::string time_label(double seconds) {
  if (seconds < 120) return number(seconds).substr(0, number(seconds).find('.')) + " s";
  if (seconds < 7200) return format_count(std::llround(seconds / 60)) + " min";
  return format_count(std::llround(seconds / 3600)) + " h";
}

std::string text_at(double share, double y, std::string_view anchor, std::string_view text,
                    std::string_view css) {
  return "<text x=\"" + number(share * 100) + "%\" y=\"" + number(y) + "\" text-anchor=\"" +
         std::string(anchor) + "\" class=\"" + std::string(css) + "\">" + escape_html(text) + "</text>";
}

std::string_view anchor_at(double share) { return share < 0.04 ? "start" : share > 0.96 ? "end" : "middle"; }

std::string vertical(double share, std::string_view css) {
  const std::string x = number(across(share) * 1000);
  return "<line x1=\"" + x + "\" x2=\"" + x + "\" y1=\"0\" y2=\"100\" class=\"" + std::string(css) + "\"/>";
}

// Around the drawing: caption, legend, and the outer element with its names for screen readers.
std::string figure(std::string_view title, std::string_view about, std::string_view legend,
                   std::string_view inside) {
  const double height = plot_top + plot_height + axis_height;
  return "<figure>\n<figcaption>" + escape_html(title) + std::string(legend) + "</figcaption>\n" +
         "<svg role=\"img\" aria-label=\"" + escape_html(title) + ". " + escape_html(about) +
         "\" width=\"100%\" height=\"" + number(height) + "\">\n<title>" + escape_html(title) +
         "</title>\n<desc>" + escape_html(about) + "</desc>\n" + std::string(inside) + "</svg>\n</figure>\n";
}

std::string plot_begins() {
  return "<svg x=\"0\" y=\"" + number(plot_top) + "\" width=\"100%\" height=\"" + number(plot_height) +
         "\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\">\n";
}

std::string horizontal_grid(const std::vector<double>& at) {
  std::string lines;
  for (const double tick : at) {
    const std::string y = number(100 - 100 * tick / at.back());
    lines += "<line x1=\"" + number(1000 * gutter) + "\" x2=\"1000\" y1=\"" + y + "\" y2=\"" + y +
             "\" class=\"grid\"/>";
  }
  return lines + "\n";
}

std::string vertical_labels(const std::vector<double>& at, Unit unit) {
  std::string labels;
  for (const double tick : at) {
    const double y = plot_top + plot_height * (1 - tick / at.back());
    labels += text_at(gutter - 0.015, y + 4, "end", format_tick(tick, unit), "tick");
  }
  return labels + "\n";
}

std::string path_of(const std::vector<ChartPoint>& points, double until, double highest) {
  std::string path = "M";
  for (const ChartPoint& point : points) {
    if (path.size() > 1) path += "L";
    path += number(1000 * across(point.x / until)) + " " +
            number(100 - 100 * std::clamp(point.y / highest, 0.0, 1.0));
  }
  return path;
}

// Invisible columns, each with the values that are there.
std::string values_to_point_at(const LineChart& chart) {
  std::vector<double> times;
  for (const auto& line : chart.lines) {
    for (const ChartPoint& point : line.points) times.push_back(point.x);
  }
  std::ranges::sort(times);
  times.erase(std::ranges::unique(times).begin(), times.end());
  std::string columns;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double from = i == 0 ? 0 : (times[i - 1] + times[i]) / 2;
    const double to = i + 1 == times.size() ? chart.until : (times[i] + times[i + 1]) / 2;
    std::string text = format_fixed(times[i], 1) + " s";
    for (const auto& line : chart.lines) {
      const auto found = std::ranges::find(line.points, times[i], &ChartPoint::x);
      if (found != line.points.end()) text += "\n" + line.name + ": " + format_tick(found->y, chart.unit);
    }
    columns += "<rect x=\"" + number(1000 * across(from / chart.until)) + "\" y=\"0\" width=\"" +
               number(1000 * (1 - gutter) * (to - from) / chart.until) +
               "\" height=\"100\" class=\"point\"><title>" + escape_html(text) + "</title></rect>";
  }
  return columns + "\n";
}

std::string legend_of(const std::vector<LineChart::Line>& lines) {
  if (lines.size() < 2) return {};
  std::string legend = "<span class=\"legend\">";
  for (const auto& line : lines)
    legend += "<span class=\"key " + std::string(line.style) + "\">" + escape_html(line.name) + "</span>";
  return legend + "</span>";
}

std::string trimmed(std::string text) {
  // "5.00 ms" → "5 ms"
  const auto blank = text.find(' ');
  const auto point = text.find('.');
  if (point == std::string::npos || (blank != std::string::npos && blank < point)) return text;
  std::string digits = text.substr(0, blank);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits + (blank == std::string::npos ? "" : text.substr(blank));
}

}  // namespace

std::vector<double> ticks(double highest, Unit unit) {
  if (!(highest > 0)) highest = unit == Unit::seconds ? 0.001 : 1;
  const double step = nice_step(highest / 4, unit);
  std::vector<double> at;
  for (int i = 0; i == 0 || at.back() < 0.99 * highest; ++i) at.push_back(step * i);
  return at;
}

std::string format_tick(double value, Unit unit) {
  if (value == 0) return "0";
  switch (unit) {
    case Unit::seconds:
      return trimmed(format_duration(std::chrono::nanoseconds(std::llround(value * 1e9))));
    case Unit::bytes:
      return trimmed(format_bytes(std::llround(value)));
    case Unit::percent:
      return trimmed(format_fixed(value * 100, 2)) + "%";
    case Unit::count:
      break;
  }
  if (value >= 1e9) return trimmed(format_fixed(value / 1e9, 2)) + "G";
  if (value >= 1e6) return trimmed(format_fixed(value / 1e6, 2)) + "M";
  if (value >= 1e5) return trimmed(format_fixed(value / 1e3, 1)) + "k";
  return trimmed(format_fixed(value, 1));
}

std::string svg(const LineChart& given) {
  LineChart chart = given;
  std::erase_if(chart.lines, [](const auto& line) { return line.points.empty(); });
  double highest = 0;
  for (const auto& line : chart.lines) {
    for (const ChartPoint& point : line.points) highest = std::max(highest, point.y);
  }
  chart.until = std::max(chart.until, 1e-3);
  const auto grid = ticks(highest, chart.unit);

  std::string inside = plot_begins();
  if (chart.warmup > 0) {
    inside += "<rect x=\"" + number(1000 * gutter) + "\" y=\"0\" width=\"" +
              number(1000 * (1 - gutter) * std::min(1.0, chart.warmup / chart.until)) +
              "\" height=\"100\" class=\"shade\"/>\n";
  }
  inside += horizontal_grid(grid);
  const bool has_tail = chart.load_end && *chart.load_end < chart.until;
  if (has_tail) inside += vertical(*chart.load_end / chart.until, "mark");
  for (const auto& line : chart.lines) {
    inside += "<path d=\"" + path_of(line.points, chart.until, grid.back()) + "\" class=\"line " +
              std::string(line.style) + "\"/>\n";
  }
  inside += values_to_point_at(chart) + "</svg>\n" + vertical_labels(grid, chart.unit);

  const double bottom = plot_top + plot_height + 15;
  const double step = time_step(chart.until);
  for (double at = 0; at <= chart.until; at += step) {
    const double share = at / chart.until;
    // The last label keeps its distance to the edge.
    if (share < 0.985) inside += text_at(across(share), bottom, anchor_at(share), time_label(at), "tick");
  }
  if (has_tail) {
    const double share = *chart.load_end / chart.until;
    inside += text_at(across(share), plot_top - 4, share > 0.5 ? "end" : "start", "end of load", "tick");
  }
  return figure(chart.title, chart.about, legend_of(chart.lines), inside);
}

std::string svg(const SpreadChart& chart) {
  if (chart.bars.empty())
    return "<figure><figcaption>" + escape_html(chart.title) + "</figcaption><p>No response.</p></figure>\n";
  const double from = std::log10(chart.bars.front().from);
  const double to = std::max(std::log10(chart.bars.back().to), from + 1e-9);
  const auto place = [&](double seconds) {
    return std::clamp((std::log10(seconds) - from) / (to - from), 0.0, 1.0);
  };
  const auto grid = ticks(chart.highest, Unit::percent);

  std::string inside = plot_begins() + horizontal_grid(grid);
  for (const auto& bar : chart.bars) {
    if (!(bar.share > 0)) continue;
    const double left = 1000 * across(place(bar.from));
    const double width = 1000 * across(place(bar.to)) - left;
    const double height = std::max(0.8, 100 * bar.share / grid.back());  // what is there can be seen
    inside += "<rect x=\"" + number(left) + "\" y=\"" + number(100 - height) + "\" width=\"" +
              number(width * 0.9) + "\" height=\"" + number(height) + "\" class=\"bar " +
              std::string(chart.style) + "\"><title>" + format_tick(bar.from, Unit::seconds) + " to " +
              format_tick(bar.to, Unit::seconds) + ": " + format_tick(bar.share, Unit::percent) +
              "</title></rect>";
  }
  for (const auto& mark : chart.marks) inside += vertical(place(mark.at), "mark");
  inside += "\n</svg>\n" + vertical_labels(grid, Unit::percent);
  double taken = -1;  // the right end of the last label, so that none lies over another
  for (const auto& mark : chart.marks) {
    const double share = place(mark.at);
    if (share - taken < 0.11) continue;
    inside += text_at(across(share), plot_top - 4, anchor_at(share), mark.name, "tick");
    taken = share;
  }
  const double bottom = plot_top + plot_height + 15;
  // 1, 2 and 5 times each power of ten while that is not too much.
  const bool dense = to - from < 2;
  taken = -1;
  for (double power = std::floor(from); power <= to; ++power) {
    for (const double times : {1, 2, 3, 5, 7}) {
      if (!dense && times > 1) break;
      const double at = times * std::pow(10, power);
      if (std::log10(at) < from || std::log10(at) > to) continue;
      const double share = place(at);
      if (share - taken < 0.1 || share > 0.97) continue;
      inside += text_at(across(share), bottom, anchor_at(share), format_tick(at, Unit::seconds), "tick");
      taken = share;
    }
  }
  return figure(chart.title, chart.about, {}, inside);
}

}  // namespace loadgen
