// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/chart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using loadgen::format_tick;
using loadgen::LineChart;
using loadgen::SpreadChart;
using loadgen::svg;
using loadgen::ticks;
using loadgen::Unit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

LineChart two_lines() {
  LineChart chart;
  chart.title = "Tasks <leaked>";
  chart.about = "fixed: at most 0.";
  chart.until = 10;
  chart.lines = {{"leaky", "b", {{0, 0}, {5, 50}, {10, 100}}}, {"fixed", "a", {{0, 0}, {10, 0}}}};
  return chart;
}

TEST(Chart, TheAxisHasNiceNumbers) {
  EXPECT_THAT(ticks(100, Unit::count), ElementsAre(0, 25, 50, 75, 100));
  EXPECT_THAT(ticks(6375, Unit::count), ElementsAre(0, 2000, 4000, 6000, 8000));
  EXPECT_THAT(ticks(3, Unit::count), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(ticks(130.0 * 1024 * 1024, Unit::bytes), ElementsAre(0, 67108864.0, 134217728.0, 201326592.0));
  EXPECT_THAT(ticks(0, Unit::count), ElementsAre(0, 1));
  EXPECT_THAT(ticks(0, Unit::seconds), testing::SizeIs(testing::Ge(2u)));
}

TEST(Chart, NumbersAreShort) {
  EXPECT_EQ(format_tick(0, Unit::seconds), "0");
  EXPECT_EQ(format_tick(0.005, Unit::seconds), "5 ms");
  EXPECT_EQ(format_tick(0.0125, Unit::seconds), "12.5 ms");
  EXPECT_EQ(format_tick(67108864, Unit::bytes), "64 MiB");
  EXPECT_EQ(format_tick(0.25, Unit::percent), "25%");
  EXPECT_EQ(format_tick(20'000, Unit::count), "20,000");
  EXPECT_EQ(format_tick(250'000, Unit::count), "250k");
  EXPECT_EQ(format_tick(1'500'000, Unit::count), "1.5M");
}

TEST(Chart, ALineGoesFromTheGutterToTheRightEdge) {
  const std::string drawn = svg(two_lines());
  EXPECT_THAT(drawn, HasSubstr("<path d=\"M150.00 100.00L575.00 50.00L1000.00 0.00\" class=\"line b\"/>"));
  EXPECT_THAT(drawn, HasSubstr("<path d=\"M150.00 100.00L1000.00 100.00\" class=\"line a\"/>"));
}

TEST(Chart, HasAccessibleNames) {
  const std::string drawn = svg(two_lines());
  EXPECT_THAT(drawn, HasSubstr("role=\"img\" aria-label=\"Tasks &lt;leaked&gt;. fixed: at most 0.\""));
  EXPECT_THAT(drawn, HasSubstr("<title>Tasks &lt;leaked&gt;</title>"));
  EXPECT_THAT(drawn, HasSubstr("<title>5.0 s\nleaky: 50</title>")) << "each value can be pointed at";
  EXPECT_THAT(drawn, HasSubstr("<title>10.0 s\nleaky: 100\nfixed: 0</title>"));
  EXPECT_THAT(drawn, HasSubstr("<span class=\"key b\">leaky</span>"));
}

TEST(Chart, OmitsLegendOfOneLineAndEmptyLines) {
  LineChart chart = two_lines();
  chart.lines[1].points.clear();
  EXPECT_THAT(svg(chart), Not(HasSubstr("legend")));
  EXPECT_THAT(svg(chart), Not(HasSubstr("fixed</span>")));
}

TEST(Chart, WarmupIsShadedAndTheEndOfTheLoadMarked) {
  LineChart chart = two_lines();
  EXPECT_THAT(svg(chart), Not(HasSubstr("shade")));
  EXPECT_THAT(svg(chart), Not(HasSubstr("end of load")));
  chart.warmup = 1;
  chart.load_end = 8;
  EXPECT_THAT(svg(chart), HasSubstr("width=\"85.00\" height=\"100\" class=\"shade\""));
  EXPECT_THAT(svg(chart), HasSubstr("end of load"));
  EXPECT_THAT(svg(chart), HasSubstr("<span class=\"key warmup\">warm-up</span>"));
}

TEST(Chart, ASpreadHasABarForEachShareAndALineForEachMark) {
  SpreadChart chart;
  chart.title = "Latency";
  chart.style = "a";
  chart.bars = {{0.001, 0.01, 0.75}, {0.01, 0.1, 0}, {0.1, 1, 0.25}};
  chart.marks = {{"p50", 0.005}, {"p99", 0.5}};
  chart.highest = 0.75;
  const std::string drawn = svg(chart);
  EXPECT_THAT(drawn, HasSubstr("<title>1 ms to 10 ms: 75%</title>"));
  EXPECT_THAT(drawn, Not(HasSubstr("10 ms to 100 ms"))) << "nothing is there";
  EXPECT_THAT(drawn, HasSubstr(">p50</text>"));
  EXPECT_THAT(drawn, HasSubstr(">p99</text>"));
}

TEST(Chart, WithoutAResponseThereIsNoSpread) {
  SpreadChart chart;
  chart.title = "Latency";
  EXPECT_THAT(svg(chart), HasSubstr("No response."));
}

}  // namespace
