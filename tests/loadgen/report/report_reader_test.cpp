// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_reader.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::read_report;
using loadgen::to_json;
using loadgen::to_text;
using loadgen::test::example_result;
using Json = nlohmann::ordered_json;

Json example_json() {
  auto result = example_result(true);
  result.thresholds.push_back({.text = "p99<1ms", .value = 0.0079, .shown = "7.90 ms", .met = false});
  result.notes.push_back("The rate was not reached.");
  result.warmup = std::chrono::seconds(1);
  return to_json(result);
}

std::string refusal(const Json& json) {
  const auto report = read_report(json.dump());
  return report ? "accepted" : report.error();
}

TEST(ReportReader, WhatWasWrittenIsReadAgain) {
  const Json written = example_json();
  const auto report = read_report(to_text(written));
  ASSERT_TRUE(report) << report.error();
  ASSERT_EQ(report->results.size(), 1u);
  EXPECT_EQ(to_json(report->results[0]), written);
  EXPECT_EQ(report->results[0].latency, example_result(true).latency);
  EXPECT_EQ(report->results[0].evidence.during.size(), 15u);
}

TEST(ReportReader, AComparisonHasTheFixedServerFirst) {
  const auto report = read_report(to_json(example_result(false), example_result(true)).dump());
  ASSERT_TRUE(report) << report.error();
  ASSERT_TRUE(report->is_compare());
  EXPECT_EQ(report->results[0].mode, "fixed");
  EXPECT_EQ(report->results[1].mode, "leaky");
  EXPECT_EQ(report->results[1].judgement.reason, example_result(true).judgement.reason);
}

TEST(ReportReader, WhatIsNotKnownStaysUnknown) {
  loadgen::RunResult nothing;
  nothing.judgement = loadgen::judge(nothing.evidence);
  const auto report = read_report(to_json(nothing).dump());
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(to_json(report->results[0]), to_json(nothing));
}

TEST(ReportReader, WhatIsNoReportIsSaidInOneLine) {
  EXPECT_EQ(read_report("").error(), "it is not JSON");
  EXPECT_EQ(read_report("{\"schema\":").error(), "it is not JSON");
  EXPECT_EQ(refusal(Json::array()), "it is no report of leash-load");
  EXPECT_EQ(refusal({{"schema", 2}}), "its schema is 2, not 1");
  EXPECT_EQ(
      read_report(R"({"schema":)" + std::string(300'000, '[') + std::string(300'000, ']') + "}").error(),
      "it is not JSON")
      << "nested without end";
  EXPECT_EQ(refusal({{"schema", 1}}), "it is no report of leash-load: key 'target' not found");
}

TEST(ReportReader, AReportOfBeforeThereWereHistogramsIsRefused) {
  Json json = example_json();
  json.erase("latency_histogram");
  EXPECT_EQ(refusal(json), "it has no latency_histogram: it is of an older leash-load");
}

TEST(ReportReader, ADamagedReportIsRefused) {
  const auto after = [](auto spoil) {
    Json json = example_json();
    spoil(json);
    return refusal(json);
  };
  EXPECT_EQ(after([](Json&) {}), "accepted");
  EXPECT_EQ(after([](Json& j) { j["latency_histogram"]["count"] = 1; }), "latency_histogram is damaged");
  EXPECT_EQ(after([](Json& j) { j["latency_histogram"]["buckets"][0][0] = 12345679; }),
            "latency_histogram is damaged");
  EXPECT_EQ(after([](Json& j) { j["requests"]["sent"] = -1; }), "a count is not a whole number of 0 or more");
  EXPECT_EQ(after([](Json& j) { j["requests"]["sent"] = 1.5; }),
            "a count is not a whole number of 0 or more");
  EXPECT_EQ(after([](Json& j) { j["requests"]["by_status"]["ok"] = 1; }), "by_status has what is no status");
  EXPECT_EQ(after([](Json& j) { j["elapsed_seconds"] = -1; }), "a time is out of range");
  EXPECT_EQ(after([](Json& j) { j["started_at"] = "yesterday"; }), "started_at is no time");
  EXPECT_EQ(after([](Json& j) { j["runs"] = "four"; }),
            "it is no report of leash-load: type must be number, but is string");
}

}  // namespace
