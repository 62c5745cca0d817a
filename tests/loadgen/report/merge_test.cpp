// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/merge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include "loadgen/report/conclusion.hpp"

namespace {

using namespace std::chrono_literals;
using loadgen::merge;
using loadgen::Period;
using loadgen::RunResult;
using loadgen::ServerObservation;
using loadgen::Verdict;

const auto noon = std::chrono::sys_days(std::chrono::November / 25 / 2026) + 12h;

// The server when it had served so many requests; `tasks` are left of them.
ServerObservation at(std::int64_t requests, std::int64_t tasks, double start_time = 1000) {
  ServerObservation seen;
  seen.tasks = tasks;
  seen.tasks_leaked = tasks;
  seen.contexts = 4;
  seen.timers = 1;
  seen.requests = seen.demo_requests = requests;
  seen.start_time = start_time;
  return seen;
}

// A run that sent so many requests, and saw what it saw.
RunResult run(std::int64_t sent, const ServerObservation& before, const ServerObservation& after,
              bool settled = true) {
  RunResult result;
  result.target = "http://server/demo";
  result.metrics = "http://server:8081/metrics";
  result.plan = "open loop, 100 a second";
  result.started_at = noon;
  result.elapsed = 10s;
  result.rate_asked = 100;
  result.rate_reached = 99;
  result.requests = {.sent = sent,
                     .ok = sent,
                     .errors = 0,
                     .aborted = 0,
                     .refused = 0,
                     .by_status = {{"200", sent}},
                     .by_error = {}};
  for (std::int64_t i = 0; i < sent; ++i) result.latency.record(1ms + 1us * i);
  result.evidence.before = before;
  result.evidence.after = after;
  result.evidence.settled = settled;
  result.evidence.requests_sent = result.evidence.responses = sent;
  result.evidence.measured = result.evidence.succeeded = sent;
  result.judgement = judge(result.evidence);
  return result;
}

RunResult merged(const std::vector<RunResult>& runs) { return merge(runs); }

TEST(Merge, CountsAndRatesAreSums) {
  auto one = run(100, at(0, 0), at(300, 0));
  auto two = run(200, at(0, 0), at(300, 0));
  one.requests.errors = 3;
  one.requests.by_status["503"] = 3;
  one.requests.by_error["Connection refused"] = 1;
  two.requests.by_error["Connection refused"] = 2;
  two.elapsed = 12s;
  const RunResult all = merged({one, two});
  EXPECT_EQ(all.runs, 2);
  EXPECT_EQ(all.requests.sent, 300);
  EXPECT_EQ(all.requests.errors, 3);
  EXPECT_EQ(all.requests.by_status, (std::map<std::string, std::int64_t>{{"200", 300}, {"503", 3}}));
  EXPECT_EQ(all.requests.by_error, (std::map<std::string, std::int64_t>{{"Connection refused", 3}}));
  EXPECT_EQ(all.rate_asked, 200);
  EXPECT_EQ(all.rate_reached, 198);
  EXPECT_EQ(all.elapsed, 12s);
  EXPECT_EQ(all.target, "http://server/demo");
  EXPECT_EQ(all.plan, "2 runs: each open loop, 100 a second");
}

TEST(Merge, CombinesHistogramsOfAllResponses) {
  std::mt19937_64 random{3};
  std::vector<RunResult> runs(5, run(0, at(0, 0), at(0, 0)));
  loadgen::Histogram whole;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::chrono::nanoseconds(1'000 + random() % 3'000'000'000);
    whole.record(value);
    runs[random() % runs.size()].latency.record(value);
  }
  EXPECT_EQ(merged(runs).latency, whole);
}

TEST(Merge, DoesNotCountOtherRunsAsForeignTraffic) {
  const auto one = run(100, at(0, 0), at(300, 0));
  EXPECT_EQ(one.judgement.requests_of_others, 200);
  const RunResult all = merged({one, run(200, at(20, 0), at(300, 0))});
  EXPECT_EQ(all.judgement.verdict, Verdict::clean);
  EXPECT_EQ(all.judgement.requests_seen, 300);
  EXPECT_EQ(all.judgement.requests_of_others, 0);
}

TEST(Merge, IgnoresUnsettledRunIfLastRunSettled) {
  const auto early = run(100, at(0, 0), at(250, 7), false);
  EXPECT_EQ(early.judgement.verdict, Verdict::unknown);
  const auto late = run(200, at(50, 3), at(300, 0));
  EXPECT_EQ(merged({early, late}).judgement.verdict, Verdict::clean);
  EXPECT_EQ(merged({late, early}).judgement.verdict, Verdict::clean) << "whatever the order of the files";
  auto restless = late;
  restless.evidence.settled = false;
  EXPECT_EQ(merged({early, restless}).judgement.verdict, Verdict::unknown);
}

TEST(Merge, CountsLeftoversFromFirstToLastLook) {
  // The second began when the first had leaked already, and so did not see all of it.
  const RunResult all =
      merged({run(200, at(150, 150), at(300, 300)), run(100, at(0, 0), at(290, 290), false)});
  EXPECT_EQ(all.judgement.verdict, Verdict::leak);
  EXPECT_EQ(all.judgement.tasks_left, 300);
  EXPECT_DOUBLE_EQ(*all.judgement.leaked_per_request, 1.0);
  EXPECT_EQ(loadgen::conclude(std::vector{all}).exit_status, 3);
}

TEST(Merge, OfSeveralServersTheWorstIsTaken) {
  auto clean = run(100, at(0, 0, 1), at(100, 0, 1));
  clean.metrics = "http://a/metrics";
  auto leaky = run(100, at(0, 0, 2), at(100, 150, 2));
  leaky.metrics = "http://b/metrics";
  auto restless = run(100, at(0, 0, 3), at(100, 0, 3), false);
  restless.metrics = "http://c/metrics";
  const RunResult all = merged({clean, leaky, restless});
  EXPECT_EQ(all.judgement.verdict, Verdict::leak);
  EXPECT_EQ(all.judgement.reason,
            "3 servers: 1 clean, 1 leak, 1 unknown; http://b/metrics: 150 tasks (1.50 per request) "
            "left over after the drain");
  EXPECT_EQ(all.judgement.requests_seen, 300);
  EXPECT_DOUBLE_EQ(*all.judgement.leaked_per_request, 0.5);
  EXPECT_EQ(all.evidence.after->tasks, 150);
  EXPECT_EQ(merged({clean, restless}).judgement.verdict, Verdict::unknown);
  EXPECT_EQ(merged({clean, clean}).judgement.verdict, Verdict::unknown) << "it counted 100 requests, not 200";
}

TEST(Merge, RestartSeenByOneRunCountsForServer) {
  const auto through = run(100, at(0, 0, 1), at(40, 0, 2));
  EXPECT_EQ(merged({run(10, at(0, 0, 2), at(50, 0, 2)), through}).judgement.verdict, Verdict::unknown);
  EXPECT_EQ(merged({run(10, at(0, 0, 2), at(50, 0, 2)), through}).judgement.restarts, 1);
  auto leaked_before = through;
  leaked_before.evidence.during.push_back(at(60, 60, 1));
  EXPECT_EQ(merged({leaked_before, run(10, at(0, 0, 2), at(50, 0, 2))}).judgement.verdict, Verdict::leak);
}

TEST(Merge, JudgesRunsOnSuccessiveProcessesApart) {
  const RunResult all = merged({run(100, at(0, 0, 1), at(100, 0, 1)), run(100, at(0, 0, 2), at(100, 0, 2))});
  EXPECT_EQ(all.judgement.verdict, Verdict::clean);
  EXPECT_EQ(all.judgement.restarts, 0);
}

TEST(Merge, ARunWithoutTheServersMetricsMakesTheVerdictUnknown) {
  auto blind = run(100, at(0, 0), at(0, 0));
  blind.evidence.before.reset();
  blind.evidence.after.reset();
  blind.evidence.scrape_error = "http://server:8081/metrics: Connection refused";
  const RunResult all = merged({run(100, at(0, 0), at(200, 0)), blind});
  EXPECT_EQ(all.judgement.verdict, Verdict::unknown);
  EXPECT_NE(all.judgement.reason.find("Connection refused"), std::string::npos) << all.judgement.reason;
}

TEST(Merge, IgnoresRunWithoutSuccess) {
  const auto answered = run(100, at(0, 0), at(110, 0));
  auto silent = run(10, at(0, 0), at(110, 0));
  silent.evidence.succeeded = 0;
  EXPECT_EQ(merged({answered, silent}).judgement.verdict, Verdict::clean);
  EXPECT_EQ(merged({silent, silent}).judgement.verdict, Verdict::unknown);
}

TEST(Merge, DeduplicatesNotes) {
  auto one = run(100, at(0, 0), at(200, 0));
  one.notes = {"a", "b"};
  auto two = one;
  two.notes = {"b", "c"};
  EXPECT_EQ(merged({one, two}).notes, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Merge, RefusesDuplicateAndMergedRuns) {
  auto one = run(100, at(0, 0), at(200, 0));
  one.id = "1";
  auto two = one;
  EXPECT_EQ(loadgen::cannot_merge(std::vector{one, two}), "the same run is in another of the reports");
  two.id = "2";
  EXPECT_EQ(loadgen::cannot_merge(std::vector{one, two}), std::nullopt);
  two.runs = 2;
  EXPECT_TRUE(loadgen::cannot_merge(std::vector{one, two}));
}

TEST(Merge, NotesRunsWithoutOverlap) {
  const auto one = run(100, at(0, 0), at(200, 0));
  auto two = one;
  two.metrics = "http://other/metrics";
  two.started_at += 9s;
  EXPECT_TRUE(merged({one, two}).notes.empty());
  two.started_at += 5s;
  ASSERT_EQ(merged({one, two}).notes.size(), 1u);
  EXPECT_NE(merged({one, two}).notes[0].find("began 4.00 s after the first one had ended"),
            std::string::npos);
}

TEST(Merge, NotesDifferingClocks) {
  auto one = run(100, at(0, 0), at(100, 0));
  auto two = run(100, at(50, 0), at(200, 0));
  two.started_at -= 5s;  // though it saw the server when it had served 50 requests more
  const auto notes = merged({one, two}).notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("differ by at least 5.00 s"), std::string::npos) << notes[0];
}

TEST(Merge, ManyThresholdsAndNotesTakeNoMoreThanTheirTime) {
  auto one = run(1, at(0, 0), at(2, 0));
  for (int i = 0; i < 50'000; ++i) {
    one.notes.push_back("note " + std::to_string(i));
    one.thresholds.push_back({"t" + std::to_string(i), {}, "", true});
  }
  const RunResult all = merged({one, one});  // each against each would not end before the test is stopped
  EXPECT_EQ(all.notes.size(), 50'000u);
  EXPECT_EQ(all.thresholds.size(), 50'000u);
}

TEST(Merge, WhereNoServerWasLookedAtThereIsNoVerdict) {
  auto one = run(100, at(0, 0), at(0, 0));
  one.evidence = {};
  one.evidence.wanted = false;
  one.evidence.responses = 100;
  one.evidence.measured = one.evidence.succeeded = 100;
  const RunResult all = merged({one, one});
  EXPECT_FALSE(all.evidence.wanted);
  EXPECT_EQ(all.evidence.responses, 200);
  EXPECT_EQ(loadgen::conclude(std::vector{all}).exit_status, 0);
}

TEST(Merge, AThresholdIsMetWhenEachRunMetIt) {
  auto good = run(100, at(0, 0), at(200, 0));
  good.thresholds = {{.text = "p99<1s", .value = 0.1, .shown = "100 ms", .met = true},
                     {.text = "errors<=0", .value = 0, .shown = "0", .met = true}};
  auto bad = good;
  bad.thresholds[0] = {.text = "p99<1s", .value = 2, .shown = "2.00 s", .met = false};
  const RunResult all = merged({good, bad});
  ASSERT_EQ(all.thresholds.size(), 2u);
  EXPECT_FALSE(all.thresholds[0].met);
  EXPECT_EQ(all.thresholds[0].shown, "met by 1 of 2 runs");
  EXPECT_TRUE(all.thresholds[1].met);
  EXPECT_EQ(loadgen::conclude(std::vector{all}).exit_status, 4);
}

TEST(Merge, TheTimelineIsAddedUpSecondBySecond) {
  const auto period = [](double seconds, std::int64_t sent, double p99, const ServerObservation& seen) {
    Period result;
    result.seconds = seconds;
    result.asked = 100;
    result.sent = result.ok = sent;
    result.p99 = p99;
    result.seen = seen;
    return result;
  };
  auto one = run(200, at(0, 0), at(300, 30));
  one.timeline = {period(1.0004, 100, 0.01, at(90, 9)), period(2.0004, 100, 0.02, at(290, 29))};
  auto late = run(100, at(95, 9), at(300, 30));
  late.started_at = noon + 1s;
  late.timeline = {period(1.0002, 100, 0.5, at(300, 30))};
  const RunResult all = merged({late, one});
  EXPECT_EQ(all.started_at, noon);
  ASSERT_EQ(all.timeline.size(), 2u);
  EXPECT_EQ(all.timeline[0].seconds, 1);
  EXPECT_EQ(all.timeline[0].sent, 100);
  EXPECT_EQ(all.timeline[1].sent, 200);
  EXPECT_EQ(all.timeline[1].asked, 200);
  EXPECT_EQ(all.timeline[1].p99, 0.5) << "the highest";
  EXPECT_EQ(all.timeline[1].seen->tasks, 30) << "the last look at the one server";
}

TEST(Merge, KeepsSingleRunUnchanged) {
  const auto one = run(100, at(0, 0), at(100, 150));
  const RunResult all = merged({one});
  EXPECT_EQ(all.runs, 1);
  EXPECT_EQ(all.judgement.reason, one.judgement.reason);
  EXPECT_EQ(all.plan, one.plan);
}

}  // namespace
