// SPDX-License-Identifier: BSL-1.0
#pragma once
// Charts as SVG inside an HTML page.
//
// What it is     a figure with caption, legend and drawing. The drawing stretches to the available width, its text does not;
//                the colors are the page's (CSS variables --series-NAME and the classes below).
// Requires       finite numbers, times in ascending order.
// Guarantees     self-contained; titled for screen readers; every value is shown on pointing at it. Text is escaped.
// Threads        any.
//
//   loadgen::LineChart chart{.title = "Leaked tasks", .about = "…", .lines = {…}, .until = 15};
//   page += loadgen::svg(chart);

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loadgen {

struct ChartPoint {
  double x = 0;
  double y = 0;
};

// The format of numbers on the axis, and their positions: 1, 2 and 5 times a power of 10 of this unit, or of 1024.
enum class Unit : unsigned char { count, seconds, bytes, percent };

struct LineChart {
  struct Line {
    std::string name;
    std::string_view style;  // CSS class: "a", "b", "muted", "bad"
    std::vector<ChartPoint> points;
  };

  std::string title;
  std::string about;  // a sentence, for screen readers
  Unit unit = Unit::count;
  std::vector<Line> lines;         // empty ones are left out
  double until = 0;                // seconds, the right end
  double warmup = 0;               // shaded up to there
  std::optional<double> load_end;  // marked, if anything follows it
};

// A distribution over a logarithmic axis of time.
struct SpreadChart {
  struct Bar {
    double from = 0;  // seconds
    double to = 0;
    double share = 0;  // 0 to 1
  };
  struct Mark {
    std::string name;
    double at = 0;  // seconds
  };

  std::string title;
  std::string about;
  std::string_view style;  // as above
  std::vector<Bar> bars;   // adjacent
  std::vector<Mark> marks;
  double highest = 0;  // the highest share of all charts to be compared
};

std::string svg(const LineChart& chart);
std::string svg(const SpreadChart& chart);

// Multiples of a nice step from 0 on, the last one at or above `highest`.
std::vector<double> ticks(double highest, Unit unit);
std::string format_tick(double value, Unit unit);

}  // namespace loadgen
