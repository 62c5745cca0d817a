// SPDX-License-Identifier: BSL-1.0
#pragma once
// Charts as SVG inside an HTML page.
//
// What it is     a figure with its caption, legend and drawing. The drawing stretches to the width it is given and the
//                text in it does not; colours are the page's (CSS variables --series-NAME and the classes below).
// Requires       finite numbers, times in their order.
// Guarantees     self-contained; titled for screen readers; every value can be had by pointing at it. Text is escaped.
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

// How numbers on the axis are written and where they stand: at 1, 2 and 5 times a power of 10 of this, or of 1024.
enum class Unit : unsigned char { count, seconds, bytes, percent };

struct LineChart {
  struct Line {
    std::string name;
    std::string_view style;  // CSS class: "a", "b", "muted", "bad"
    std::vector<ChartPoint> points;
  };

  std::string title;
  std::string about;  // a sentence, for those who cannot see the drawing
  Unit unit = Unit::count;
  std::vector<Line> lines;         // empty ones are left out
  double until = 0;                // seconds, the right end
  double warmup = 0;               // shaded up to there
  std::optional<double> load_end;  // marked, if there is something after it
};

// How values are spread, over a logarithmic axis of time.
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
  double highest = 0;  // share; of all charts that are to be compared
};

std::string svg(const LineChart& chart);
std::string svg(const SpreadChart& chart);

// Multiples of a nice step from 0 on, the last one at or above `highest`.
std::vector<double> ticks(double highest, Unit unit);
std::string format_tick(double value, Unit unit);

}  // namespace loadgen
