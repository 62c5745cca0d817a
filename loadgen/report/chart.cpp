// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "http/message/html.hpp"
#include "units/duration.hpp"
#include "units/number.hpp"
#include "units/size.hpp"

namespace loadgen {

using http::escape_html;

namespace {

// The drawing has 1000 by 100 units, and is stretched to the available size. Text is placed beside it, in pixels and
// shares.
constexpr double plot_height = 150;  // pixels
constexpr double plot_top = 16;
constexpr double axis_height = 22;
constexpr double gutter = 0.15;          // share of the width, on the left, for the numbers of the axis
constexpr double least_distance = 0.18;  // between two labels in a narrow window, as a share of the plot

// Converts a share of the plot to a share of the whole width.
double across(double share) { return gutter + share * (1 - gutter); }

std::string number(double value) { return fmt::format("{:.2f}", value); }

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

// Seconds between two labels of the time axis, so that there are at most six.
double time_step(double until) {
  for (const double step : {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200}) {
    if (until / step <= 5) return step;
  }
  return 86400 * std::ceil(until / 6 / 86400);
}

std::string time_label(double seconds) {
  if (seconds < 120) return number(seconds).substr(0, number(seconds).find('.')) + " s";
  if (seconds < 7200) return units::format_count(std::llround(seconds / 60)) + " min";
  return units::format_count(std::llround(seconds / 3600)) + " h";
}

std::string text_at(double share, double y, std::string_view anchor, std::string_view text,
                    std::string_view css) {
  return fmt::format("<text x=\"{}%\" y=\"{}\" text-anchor=\"{}\" class=\"{}\">{}</text>",
                     number(share * 100), number(y), anchor, css, escape_html(text));
}

std::string_view anchor_at(double share) { return share < 0.04 ? "start" : share > 0.96 ? "end" : "middle"; }

std::string vertical(double share, std::string_view css) {
  const std::string x = number(across(share) * 1000);
  return fmt::format("<line x1=\"{0}\" x2=\"{0}\" y1=\"0\" y2=\"100\" class=\"{1}\"/>", x, css);
}

// The caption, the legend, and the outer element with its names for screen readers.
std::string figure(std::string_view title, std::string_view about, std::string_view legend,
                   std::string_view inside) {
  return fmt::format(R"(<figure>
<figcaption>{0}{1}</figcaption>
<svg role="img" aria-label="{0}. {2}" width="100%" height="{3}">
<title>{0}</title>
<desc>{2}</desc>
{4}</svg>
</figure>
)",
                     escape_html(title), legend, escape_html(about),
                     number(plot_top + plot_height + axis_height), inside);
}

std::string plot_begins() {
  return fmt::format(
      "<svg x=\"0\" y=\"{}\" width=\"100%\" height=\"{}\" viewBox=\"0 0 1000 100\" "
      "preserveAspectRatio=\"none\">\n",
      number(plot_top), number(plot_height));
}

std::string horizontal_grid(const std::vector<double>& at) {
  std::string lines;
  for (const double tick : at) {
    lines += fmt::format("<line x1=\"{0}\" x2=\"1000\" y1=\"{1}\" y2=\"{1}\" class=\"grid\"/>",
                         number(1000 * gutter), number(100 - 100 * tick / at.back()));
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

// Invisible columns, each with its values as a tooltip.
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
    std::string text = units::format_fixed(times[i], 1) + " s";
    for (const auto& line : chart.lines) {
      const auto found = std::ranges::find(line.points, times[i], &ChartPoint::x);
      if (found != line.points.end()) text += "\n" + line.name + ": " + format_tick(found->y, chart.unit);
    }
    columns += fmt::format(
        "<rect x=\"{}\" y=\"0\" width=\"{}\" height=\"100\" class=\"point\"><title>{}</title></rect>",
        number(1000 * across(from / chart.until)), number(1000 * (1 - gutter) * (to - from) / chart.until),
        escape_html(text));
  }
  return columns + "\n";
}

std::string legend_of(const LineChart& chart) {
  std::string keys;
  const auto add = [&](std::string_view style, std::string_view name) {
    keys += fmt::format("<span class=\"key {}\">{}</span>", style, escape_html(name));
  };
  if (chart.lines.size() > 1) {
    for (const auto& line : chart.lines) add(line.style, line.name);
  }
  if (chart.warmup > 0) add("warmup", "warm-up");
  return keys.empty() ? keys : fmt::format("<span class=\"legend\">{}</span>", keys);
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
      return trimmed(units::rounded_duration(units::from_seconds(value)));
    case Unit::bytes:
      return trimmed(units::rounded_size(std::llround(value)));
    case Unit::percent:
      return trimmed(units::format_fixed(value * 100, 2)) + "%";
    case Unit::count:
      break;
  }
  if (value >= 1e9) return trimmed(units::format_fixed(value / 1e9, 2)) + "G";
  if (value >= 1e6) return trimmed(units::format_fixed(value / 1e6, 2)) + "M";
  if (value >= 1e5) return trimmed(units::format_fixed(value / 1e3, 1)) + "k";
  return trimmed(units::format_fixed(value, 1));
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
    inside += fmt::format("<rect x=\"{}\" y=\"0\" width=\"{}\" height=\"100\" class=\"shade\"/>\n",
                          number(1000 * gutter),
                          number(1000 * (1 - gutter) * std::min(1.0, chart.warmup / chart.until)));
  }
  inside += horizontal_grid(grid);
  const bool has_tail = chart.load_end && *chart.load_end < chart.until;
  if (has_tail) inside += vertical(*chart.load_end / chart.until, "mark");
  for (const auto& line : chart.lines) {
    inside += fmt::format("<path d=\"{}\" class=\"line {}\"/>\n",
                          path_of(line.points, chart.until, grid.back()), line.style);
  }
  inside += values_to_point_at(chart) + "</svg>\n" + vertical_labels(grid, chart.unit);

  const double bottom = plot_top + plot_height + 15;
  const double step = time_step(chart.until);
  for (double at = 0; at <= chart.until; at += step) {
    const double share = at / chart.until;
    // The last label must not touch the edge.
    if (share < 0.95) inside += text_at(across(share), bottom, anchor_at(share), time_label(at), "tick");
  }
  if (has_tail) {
    const double share = *chart.load_end / chart.until;
    inside += text_at(across(share), plot_top - 4, share > 0.5 ? "end" : "start", "end of load", "tick");
  }
  return figure(chart.title, chart.about, legend_of(chart), inside);
}

std::string svg(const SpreadChart& chart) {
  if (chart.bars.empty())
    return fmt::format("<figure><figcaption>{}</figcaption><p>No response.</p></figure>\n",
                       escape_html(chart.title));
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
    const double height = std::max(0.8, 100 * bar.share / grid.back());  // a small bar stays visible
    inside += fmt::format(
        R"(<rect x="{}" y="{}" width="{}" height="{}" class="bar {}"><title>{} to {}: {}</title></rect>)",
        number(left), number(100 - height), number(width * 0.9), number(height), chart.style,
        format_tick(bar.from, Unit::seconds), format_tick(bar.to, Unit::seconds),
        format_tick(bar.share, Unit::percent));
  }
  for (const auto& mark : chart.marks) inside += vertical(place(mark.at), "mark");
  inside += "\n</svg>\n" + vertical_labels(grid, Unit::percent);
  double taken = -1;  // the place of the last label, so that labels do not overlap
  for (const auto& mark : chart.marks) {
    const double share = place(mark.at);
    if (share - taken < least_distance) continue;
    inside += text_at(across(share), plot_top - 4, anchor_at(share), mark.name, "tick");
    taken = share;
  }
  const double bottom = plot_top + plot_height + 15;
  // 1, 2 and 5 times each power of ten, if they fit.
  const bool dense = to - from < 2;
  taken = -1;
  for (double power = std::floor(from); power <= to; ++power) {
    for (const double times : {1, 2, 3, 5, 7}) {
      if (!dense && times > 1) break;
      const double at = times * std::pow(10, power);
      if (std::log10(at) < from || std::log10(at) > to) continue;
      const double share = place(at);
      if (share - taken < least_distance || share > 0.97) continue;
      inside += text_at(across(share), bottom, anchor_at(share), format_tick(at, Unit::seconds), "tick");
      taken = share;
    }
  }
  return figure(chart.title, chart.about, {}, inside);
}

}  // namespace loadgen
