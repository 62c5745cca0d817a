// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/text.hpp"
#include "tests/loadgen/report/example_results.hpp"
#include "units/number.hpp"

namespace {

using loadgen::RunResult;
using loadgen::test::example_result;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string run_text(const RunResult& result) { return loadgen::report_text({&result, 1}, false); }

std::string compare_text(const RunResult& fixed, const RunResult& leaky) {
  const std::vector<RunResult> both{fixed, leaky};
  return loadgen::report_text(both, false);
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines{text};
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, cli::cells(line));
  return widest;
}

TEST(ReportText, ARunHasItsSectionsAndFigures) {
  const auto text = run_text(example_result(true));
  EXPECT_THAT(text, HasSubstr("http://127.0.0.1:40002/demo?pattern=mixed (leaky)"));
  EXPECT_THAT(text, HasSubstr("4,500 sent, 4,488 ok, 12 errors, 0 aborted, 0 refused"));
  EXPECT_THAT(text, HasSubstr("299.8 per second of 300.0 requested"));
  EXPECT_THAT(text, ContainsRegex("p99 +[0-9.]+ ms"));
  EXPECT_THAT(text, HasSubstr("■■■■"));
  EXPECT_THAT(text, ContainsRegex("  status 503 +12 +0.27%\n"));
  EXPECT_THAT(text, ContainsRegex("leaked tasks +0 +6,300 +6,750\n"));
  EXPECT_THAT(text, HasSubstr("left over per request: 1.50 tasks and 24.4 KiB"));
  EXPECT_THAT(text, HasSubstr("Verdict\n  leak: 6,750 tasks (1.50 per request)"));
}

TEST(ReportText, TheRowsOfTheHistogramAddUpToAllResponses) {
  auto result = example_result(false);
  std::istringstream lines{run_text(result)};
  std::int64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ≤")) continue;
    std::istringstream words{line};
    std::string sign, value, unit, count;
    words >> sign >> value >> unit >> count;
    std::erase(count, ',');
    sum += std::stoll(count);
  }
  EXPECT_EQ(sum, 4500);
}

TEST(ReportText, TheTrendIsShownFromTwentyScrapesOn) {
  auto result = example_result(true);
  EXPECT_THAT(run_text(result), Not(HasSubstr("Theil")));
  for (int second = 16; second <= 20; ++second) {
    auto seen = result.evidence.during.back();
    seen.at += std::chrono::seconds{1};
    seen.tasks_leaked += 450;
    result.evidence.during.push_back(seen);
  }
  EXPECT_THAT(run_text(result),
              HasSubstr("leaked tasks grew by 450.0 per second (Theil–Sen over 20 scrapes)"));
}

TEST(ReportText, TrafficOfOtherClientsIsMentioned) {
  auto result = example_result(true);
  EXPECT_THAT(run_text(result), Not(HasSubstr("other clients")));
  result.evidence.requests_sent = 4400;
  result.judgement = judge(result.evidence);
  EXPECT_THAT(run_text(result), HasSubstr("the server saw 4,500 requests, 100 of them from other clients"));
}

TEST(ReportText, AComparisonIsSideBySide) {
  const auto text = compare_text(example_result(false), example_result(true));
  EXPECT_THAT(text, ContainsRegex("  sent +4,500 +4,500\n"));
  EXPECT_THAT(text, ContainsRegex("  at the end of the load +0 +6,750\n"));
  EXPECT_THAT(text, ContainsRegex("  after the drain +0 +6,750\n"));
  EXPECT_THAT(text, ContainsRegex("  tasks per request +0.00 +1.50\n"));
  EXPECT_THAT(text, ContainsRegex("  contexts +0 +4,500\n"));
  EXPECT_THAT(text, ContainsRegex("  timers +0 +642\n"));
  EXPECT_THAT(text, ContainsRegex("  memory per request +0 B +24.4 KiB\n"));
  EXPECT_THAT(text, ContainsRegex("  growth of RSS +293.0 KiB +111.9 MiB\n"));
  EXPECT_THAT(text, HasSubstr("fixed  clean: no task"));
  EXPECT_THAT(text, HasSubstr("leaky  leak: 6,750 tasks"));
}

TEST(ReportText, PlotsShareOneScale) {
  const auto text = compare_text(example_result(false), example_result(true));
  EXPECT_THAT(text, HasSubstr("  fixed  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  at most 0\n"));
  EXPECT_THAT(text, HasSubstr("  leaky  ▁▁▁▂▂▃▃▄▄▅▅▆▆▇▇██  at most 6,750\n"));
}

TEST(ReportText, ShowsUnknownValuesAsDashes) {
  loadgen::RunResult nothing;
  nothing.judgement = judge(nothing.evidence);
  EXPECT_THAT(run_text(nothing), ContainsRegex("tasks +– +– +–\n"));
  EXPECT_THAT(run_text(nothing), ContainsRegex("p50 +–"));
  const auto text = compare_text(example_result(false), nothing);
  EXPECT_THAT(text, ContainsRegex("  tasks per request +0.00 +–\n"));
  EXPECT_THAT(text, ContainsRegex("  growth of RSS +293.0 KiB +–\n"));
  EXPECT_THAT(compare_text(nothing, nothing), Not(HasSubstr("over time")));
}

TEST(ReportText, LastLineMatchesExitStatus) {
  const auto last_line = [](std::string text) {
    text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  };
  EXPECT_THAT(last_line(run_text(example_result(false))),
              testing::StrEq("  clean: no task, context or timer was left over (exit status 0)"));
  auto missed = example_result(false);
  missed.thresholds.push_back({.text = "p99<1ms", .value = 0.0079, .shown = "7.90 ms", .met = false});
  const std::string text = run_text(missed);
  EXPECT_THAT(last_line(text), testing::StrEq("  missed: p99<1ms (7.90 ms) (exit status 4)"));
  EXPECT_THAT(text, HasSubstr("\n  clean: no task, context or timer was left over\n"))
      << "the verdict is there, too";
  EXPECT_THAT(last_line(compare_text(example_result(false), missed)), HasSubstr("missed: leaky: p99<1ms"));
}

TEST(ReportText, UncheckedServerHasOneConclusion) {
  auto result = example_result(false);
  result.evidence.wanted = false;
  result.judgement = judge(result.evidence);
  EXPECT_THAT(run_text(result),
              testing::EndsWith("\nVerdict\n  passed: server metrics were not checked (--metrics none) (exit "
                                "status 0)\n"));
}

TEST(ReportText, HasColorOnlyIfRequested) {
  const auto result = example_result(true);
  EXPECT_THAT(run_text(result), Not(HasSubstr("\x1b")));
  EXPECT_THAT(loadgen::report_text({&result, 1}, true), HasSubstr("\x1b[31mleak\x1b[0m: 6,750"));
}

TEST(ReportText, SeparatesLatenciesOfSuccessesAndErrors) {
  auto result = example_result(false);
  EXPECT_THAT(run_text(result), Not(HasSubstr("ok only")));
  for (int i = 0; i < 4500; ++i) result.latency.record(std::chrono::microseconds(50));  // fast refusals
  EXPECT_THAT(run_text(result), ContainsRegex("Latency +all +ok only +service\n"));
  EXPECT_THAT(run_text(result), ContainsRegex("p50 +50.0 µs +5.7[0-9] ms"));
  EXPECT_THAT(run_text(result), ContainsRegex("p95 +"));
}

TEST(ReportText, LinesFitIntoATerminal) {
  EXPECT_LE(widest_line(compare_text(example_result(false), example_result(true))), 80U);
  EXPECT_LE(widest_line(run_text(example_result(true))), 80U);
}

}  // namespace
