// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loadgen/report/report_charts.hpp"
#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::RunResult;
using loadgen::test::example_result;
using testing::HasSubstr;
using testing::Not;

std::string run_html(const RunResult& result) { return loadgen::report_html({&result, 1}); }

std::string compare_html(const RunResult& fixed, const RunResult& leaky) {
  const std::vector<RunResult> both{fixed, leaky};
  return loadgen::report_html(both);
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

// Each element that is opened is closed, in order; <meta> stands alone.
void expect_well_formed(const std::string& page) {
  std::vector<std::string> open;
  for (auto at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const auto end = page.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
    if (tag.starts_with('!') || name == "meta" || tag.ends_with('/')) continue;
    if (!tag.starts_with('/')) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    ASSERT_EQ("/" + open.back(), tag) << page.substr(at > 200 ? at - 200 : 0, 260);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty()) << open.back();
}

TEST(ReportHtml, ARunHasItsVerdictFiguresAndCharts) {
  auto result = example_result(true);
  result.thresholds.push_back({.text = "p99<1ms", .value = 0.0079, .shown = "7.90 ms", .met = false});
  result.notes.push_back("The rate was not reached.");
  const std::string page = run_html(result);
  expect_well_formed(page);
  EXPECT_THAT(page, Not(HasSubstr("></th>"))) << "no empty headers";
  EXPECT_THAT(page, HasSubstr("<b>leak</b>"));
  EXPECT_THAT(page, HasSubstr("6,750 tasks (1.50 per request)"));
  EXPECT_THAT(page, HasSubstr("The rate was not reached."));
  EXPECT_THAT(page, HasSubstr("p99&lt;1ms"));
  EXPECT_THAT(page, HasSubstr("✗ missed"));
  EXPECT_THAT(page, HasSubstr("open loop, 300 per second, at most 64 connections, for 15s"));
  EXPECT_THAT(page, HasSubstr("2026-11-25T12:00:00.000Z"));
  for (const auto* title : {"Leaked tasks", "Live tasks of requests", "Resident memory",
                            "Requests per second", "Latency", "Latency distribution"}) {
    EXPECT_THAT(page, HasSubstr("<title>" + std::string(title) + "</title>"));
  }
  EXPECT_EQ(count_of(page, "<figure>"), 6u);
}

TEST(ReportHtml, AComparisonHasBothInEachChartAndTable) {
  const std::string page = compare_html(example_result(false), example_result(true));
  expect_well_formed(page);
  EXPECT_THAT(page, HasSubstr("<p><b>leak</b></p><p>leaky: 6,750 tasks")) << "what decided, first";
  EXPECT_THAT(page, HasSubstr("Exit status 3"));
  EXPECT_THAT(page, HasSubstr("fixed: <b>clean</b>"));
  EXPECT_THAT(page, HasSubstr("leaky: <b>leak</b>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">tasks per request</th><td>0.00</td><td>1.50</td>"));
  EXPECT_THAT(
      page,
      HasSubstr("Leaked tasks. leaky: at most 6,750, at the end 6,750. fixed: at most 0, at the end 0."));
  EXPECT_EQ(count_of(page, "<figure>"), 9u)
      << "three of the servers, four of the load (errors, too), two spreads";
}

TEST(ReportHtml, QuotesLeaksReportedByServer) {
  auto result = example_result(true);
  EXPECT_THAT(run_html(result), Not(HasSubstr("Leaks and their source lines")));
  result.leaks = {"send leaks:", "  - 16 co_await a < b;", "  + 16 co_await b;", "-x"};
  const std::string page = run_html(result);
  expect_well_formed(page);
  EXPECT_THAT(page, HasSubstr("<h2>Leaks and their source lines</h2>"));
  EXPECT_THAT(page, HasSubstr(">send leaks:\n<span class=\"missed\">  - 16 co_await a &lt; b;</span>\n"
                              "<span class=\"met\">  + 16 co_await b;</span>\n-x\n</pre>"));
}

TEST(ReportHtml, PageIsSelfContained) {
  for (const std::string& page :
       {run_html(example_result(true)), compare_html(example_result(false), example_result(true))}) {
    for (const auto* what : {"src=", "href=", "url(", "@import", "<script", "<link", "xmlns"}) {
      EXPECT_THAT(page, Not(HasSubstr(what)));
    }
  }
}

TEST(ReportHtml, EscapesExternalText) {
  auto result = example_result(true);
  result.target = "http://127.0.0.1/\"><script>alert(1)</script>";
  result.mode = "<i>";
  result.judgement.reason = "a < b & c";
  result.notes.push_back("<script>");
  result.leaks = {"<script>"};
  const std::string page = run_html(result);
  expect_well_formed(page);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("a &lt; b &amp; c"));
}

TEST(ReportHtml, WithoutAServerThereAreOnlyTheClientsFigures) {
  auto result = example_result(false);
  result.evidence = {};
  result.evidence.wanted = false;
  for (auto& period : result.timeline) period.seen.reset();
  result.judgement = loadgen::judge(result.evidence);
  const std::string page = run_html(result);
  expect_well_formed(page);
  EXPECT_THAT(page, Not(HasSubstr("Leaked tasks")));
  EXPECT_THAT(page, HasSubstr("Requests per second"));
}

TEST(ReportHtml, UncheckedServerHasOneConclusion) {
  auto result = example_result(false);
  result.evidence.wanted = false;
  result.judgement = loadgen::judge(result.evidence);
  const std::string page = run_html(result);
  EXPECT_THAT(page, HasSubstr("<b>passed</b>"));
  EXPECT_EQ(count_of(page, "not checked"), 1u);
}

TEST(ReportHtml, RendersPageOfUnstartedLoad) {
  loadgen::RunResult nothing;
  nothing.judgement = loadgen::judge(nothing.evidence);
  expect_well_formed(run_html(nothing));
  expect_well_formed(compare_html(nothing, nothing));
}

TEST(ReportHtml, ALongRunIsDrawnWithFewerPoints) {
  auto result = example_result(true);
  const auto period = result.timeline.front();
  result.timeline.clear();
  for (int second = 1; second <= 3600; ++second) {
    result.timeline.push_back(period);
    result.timeline.back().seconds = second;
  }
  const auto drawn = loadgen::drawn_periods(result);
  EXPECT_LE(drawn.size(), 300u);
  EXPECT_EQ(drawn.back().period.seconds, 3600);
  std::int64_t sent = 0;
  for (const auto& each : drawn) sent += each.period.sent;
  EXPECT_EQ(sent, 3600 * period.sent) << "nothing is lost";
  EXPECT_LT(run_html(result).size(), 1'000'000u);
}

TEST(ReportHtml, OmitsPartialLastSecond) {
  auto result = example_result(true);
  auto scrap = result.timeline.back();
  scrap.seconds += 0.01;
  scrap.sent = 30;  // 3,000 a second?
  result.timeline.push_back(scrap);
  EXPECT_EQ(loadgen::drawn_periods(result).size(), 15u);
}

}  // namespace
