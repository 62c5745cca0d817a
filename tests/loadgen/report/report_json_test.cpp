// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::read_report;
using loadgen::RunResult;
using loadgen::to_text;
using loadgen::test::example_result;
using Json = nlohmann::ordered_json;

Json json_of(const RunResult& result) { return loadgen::to_json({&result, 1}); }
Json json_of(const RunResult& fixed, const RunResult& leaky) {
  const std::vector<RunResult> both{fixed, leaky};
  return loadgen::to_json(both);
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

using Names = std::vector<std::string>;

Json example_json() {
  auto result = example_result(true);
  result.thresholds.push_back({.text = "p99<1ms", .value = 0.0079, .shown = "7.90 ms", .met = false});
  result.notes.push_back("The rate was not reached.");
  result.warmup = std::chrono::seconds(1);
  return json_of(result);
}

std::string refusal(const Json& json) {
  const auto report = read_report(json.dump());
  return report ? "accepted" : report.error();
}

TEST(ReportJson, RoundTripsReports) {
  const Json written = example_json();
  const auto report = read_report(to_text(written));
  ASSERT_TRUE(report) << report.error();
  ASSERT_EQ(report->size(), 1u);
  EXPECT_EQ(json_of(report->at(0)), written);
  EXPECT_EQ(report->at(0).latency, example_result(true).latency);
  EXPECT_EQ(report->at(0).evidence.during.size(), 15u);
}

TEST(ReportJson, AComparisonHasTheFixedServerFirst) {
  const auto report = read_report(json_of(example_result(false), example_result(true)).dump());
  ASSERT_TRUE(report) << report.error();
  ASSERT_TRUE(report->size() == 2);
  EXPECT_EQ(report->at(0).mode, "fixed");
  EXPECT_EQ(report->at(1).mode, "leaky");
  EXPECT_EQ(report->at(1).judgement.reason, example_result(true).judgement.reason);
}

TEST(ReportJson, KeepsUnknownValuesUnknown) {
  loadgen::RunResult nothing;
  nothing.judgement = loadgen::judge(nothing.evidence);
  const auto report = read_report(json_of(nothing).dump());
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(json_of(report->at(0)), json_of(nothing));
}

TEST(ReportJson, RefusesOtherJsonInOneLine) {
  EXPECT_EQ(read_report("").error(), "it is not JSON");
  EXPECT_EQ(read_report("{\"schema\":").error(), "it is not JSON");
  EXPECT_EQ(refusal(Json::array()), "it is not a report of leash-load");
  EXPECT_EQ(refusal({{"schema", 2}}), "its schema is not 1");
  EXPECT_EQ(
      read_report(R"({"schema":)" + std::string(300'000, '[') + std::string(300'000, ']') + "}").error(),
      "it is not JSON")
      << "nested without end";
  EXPECT_EQ(refusal({{"schema", 1}}), "it is not a report of leash-load: key 'id' not found");
}

TEST(ReportJson, RefusesReportsWithoutHistograms) {
  Json json = example_json();
  json.erase("service_histogram");
  EXPECT_EQ(refusal(json), "histograms are missing: it is from an older leash-load");
}

TEST(ReportJson, ADamagedReportIsRefused) {
  const auto after = [](auto spoil) {
    Json json = example_json();
    spoil(json);
    return refusal(json);
  };
  EXPECT_EQ(after([](Json&) {}), "accepted");
  EXPECT_EQ(after([](Json& j) { j["latency_histogram"]["count"] = 1; }), "a histogram is damaged");
  EXPECT_EQ(after([](Json& j) { j["latency_histogram"]["buckets"][0][0] = 12345679; }),
            "a histogram is damaged");
  EXPECT_EQ(after([](Json& j) { j["requests"]["sent"] = -1; }),
            "a count is not a whole number from 0 to 2^53");
  EXPECT_EQ(after([](Json& j) { j["requests"]["sent"] = 1.5; }),
            "a count is not a whole number from 0 to 2^53");
  EXPECT_EQ(after([](Json& j) { j["requests"]["by_status"]["ok"] = 1; }), "by_status has an invalid status");
  EXPECT_EQ(after([](Json& j) { j["requests"]["ok"] = (std::int64_t{1} << 53) + 1; }),
            "a count is not a whole number from 0 to 2^53");
  EXPECT_EQ(after([](Json& j) { j["timeline"][0]["seconds"] = 1e10; }), "a time is out of range");
  EXPECT_EQ(after([](Json& j) { j["rate"]["reached"] = 1e300; }), "a number is out of range");
  EXPECT_EQ(after([](Json& j) { j["notes"] = 7; }), "a list was expected");
  EXPECT_EQ(after([](Json& j) { j["elapsed_seconds"] = -1; }), "a time is out of range");
  EXPECT_EQ(after([](Json& j) { j["started_at"] = "yesterday"; }), "started_at is not a time");
  EXPECT_EQ(after([](Json& j) { j["runs"] = "four"; }),
            "it is not a report of leash-load: type must be number, but is string");
}

TEST(ReportJson, ReadTextsHaveNoControlCharacters) {
  Json json = example_json();
  const std::string evil =
      "a\x1b]0;owned\x07\xc2\x9b"
      "2J\r\nb";
  for (const char* field : {"target", "metrics", "mode", "plan"}) json[field] = evil;
  json["notes"] = {evil};
  json["requests"]["by_error"] = {{evil, 1}};
  json["evidence"]["scrape_error"] = evil;
  const auto report = read_report(json.dump());
  ASSERT_TRUE(report) << report.error();
  const std::string clean = "a?]0;owned??2J??b";
  EXPECT_EQ(report->at(0).target, clean);
  EXPECT_EQ(report->at(0).mode, clean);
  EXPECT_EQ(report->at(0).notes.at(0), clean);
  EXPECT_EQ(report->at(0).requests.by_error.count(clean), 1u);
  EXPECT_EQ(report->at(0).evidence.scrape_error, clean);
  EXPECT_EQ(refusal({{"schema", 1}, {"\x1b[31m", 1}}).find('\x1b'), std::string::npos);
}

TEST(ReportJson, CountsAreAddedUpAndLimitsAreTheWorst) {
  loadgen::RequestCounts sum{.sent = 1, .by_status = {{"200", 1}}, .by_error = {}};
  add(sum, {.sent = 2, .by_status = {{"200", 2}, {"503", 1}}, .by_error = {{"reset", 1}}});
  EXPECT_EQ(sum.sent, 3);
  EXPECT_EQ(sum.by_status, (std::map<std::string, std::int64_t>{{"200", 3}, {"503", 1}}));
  EXPECT_EQ(sum.by_error.at("reset"), 1);
  loadgen::OwnLimits own{.no_ports = 1, .held_up = std::chrono::seconds(2), .processor_share = {}};
  add(own, {.no_ports = 2, .held_up = std::chrono::seconds(1), .processor_share = 0.5, .stopped = true});
  EXPECT_EQ(own.no_ports, 3);
  EXPECT_EQ(own.held_up, std::chrono::seconds(2));
  EXPECT_EQ(own.processor_share, 0.5);
  EXPECT_TRUE(own.stopped);
  std::optional<loadgen::ServerObservation> seen =
      loadgen::ServerObservation{.at = {}, .tasks = 1, .requests = 5};
  loadgen::ServerObservation without{.at = {}, .tasks = 2};
  without.requests.reset();
  add(seen, without);
  EXPECT_EQ(seen->tasks, 3);
  EXPECT_EQ(seen->requests, std::nullopt) << "what one does not know is not known of both";
}

TEST(ReportJson, HasTheFieldsOfSchema1InTheirOrder) {
  const auto json = json_of(example_result(true));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(keys(json), (Names{"schema",
                               "id",
                               "target",
                               "metrics",
                               "mode",
                               "plan",
                               "started_at",
                               "warmup_seconds",
                               "elapsed_seconds",
                               "runs",
                               "exit_status",
                               "headline",
                               "verdict",
                               "reason",
                               "requests",
                               "latency_seconds",
                               "ok_latency_seconds",
                               "in_line_seconds",
                               "service_seconds",
                               "rate",
                               "load_generator",
                               "server",
                               "thresholds",
                               "notes",
                               "leaks",
                               "timeline",
                               "evidence",
                               "latency_histogram",
                               "ok_latency_histogram",
                               "in_line_histogram",
                               "service_histogram"}));
  EXPECT_EQ(keys(json["requests"]), (Names{"sent", "ok", "errors", "aborted", "refused", "bytes_sent",
                                           "bytes_received", "by_status", "by_error"}));
  EXPECT_EQ(keys(json["latency_seconds"]), (Names{"p50", "p90", "p95", "p99", "p999", "max", "min", "mean"}));
  EXPECT_EQ(keys(json["load_generator"]),
            (Names{"no_descriptors", "no_ports", "waited", "held_up_seconds", "processor_share", "stopped"}));
  EXPECT_EQ(keys(json["rate"]), (Names{"asked", "reached", "unsent"}));
  EXPECT_EQ(
      keys(json["server"]),
      (Names{"requests_seen", "tasks_before", "tasks_after_drain", "leaked_after_drain", "reaped",
             "leaked_per_request", "contexts_before", "contexts_after_drain", "timers_before",
             "timers_after_drain", "bytes_per_request", "rss_before_bytes", "rss_after_bytes", "restarts"}));
}

TEST(ReportJson, WritesAnyServerText) {
  auto result = example_result(true);
  result.mode = "r\xe9par\xe9";
  result.evidence.scrape_error = "404 Non trouv\xe9";
  const std::string text = loadgen::to_text(json_of(result));
  EXPECT_NE(text.find("\"mode\": \"r\xef\xbf\xbdpar\xef\xbf\xbd\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"404 Non trouv\xef\xbf\xbd\""), std::string::npos) << text;
}

TEST(ReportJson, HasFiguresOfLoadAndServer) {
  auto result = example_result(true);
  result.evidence.after->tasks_leaked = 6749;
  const auto json = json_of(result);
  EXPECT_EQ(json["target"], "http://127.0.0.1:40002/demo?pattern=mixed");
  EXPECT_EQ(json["mode"], "leaky");
  EXPECT_EQ(json["requests"]["sent"], 4500);
  EXPECT_EQ(json["requests"]["errors"], 12);
  EXPECT_EQ(json["requests"]["by_status"], (Json{{"200", 4488}, {"503", 12}}));
  EXPECT_NEAR(json["latency_seconds"]["p50"].get<double>(), 0.00575, 0.0002);
  EXPECT_EQ(json["rate"]["asked"], 300.0);
  EXPECT_EQ(json["server"]["requests_seen"], 4500);
  EXPECT_EQ(json["server"]["tasks_before"], 0);
  EXPECT_EQ(json["server"]["tasks_after_drain"], 6750);
  EXPECT_EQ(json["server"]["leaked_after_drain"], 6749);
  EXPECT_EQ(json["server"]["leaked_per_request"], 1.5);
  EXPECT_EQ(json["server"]["contexts_after_drain"], 4504);
  EXPECT_EQ(json["server"]["timers_before"], 1);
  EXPECT_EQ(json["server"]["timers_after_drain"], 643);
  EXPECT_EQ(json["server"]["bytes_per_request"], 25000.0);
  EXPECT_EQ(json["server"]["rss_before_bytes"], 14'000'000);
  EXPECT_EQ(json["server"]["restarts"], 0);
  EXPECT_EQ(json["verdict"], "leak");
  EXPECT_EQ(json["reason"], example_result(true).judgement.reason);
}

TEST(ReportJson, UnknownValuesAreNull) {
  loadgen::RunResult result;
  result.judgement = loadgen::judge(result.evidence);
  const auto json = json_of(result);
  EXPECT_TRUE(json["mode"].is_null());
  EXPECT_TRUE(json["rate"]["asked"].is_null());
  EXPECT_TRUE(json["server"]["tasks_before"].is_null());
  EXPECT_TRUE(json["server"]["rss_after_bytes"].is_null());
  EXPECT_TRUE(json["server"]["leaked_per_request"].is_null());
  EXPECT_EQ(json["requests"]["by_status"], Json::object());
  EXPECT_EQ(json["verdict"], "unknown");
}

TEST(ReportJson, AsTextEachFieldAndEachPeriodHasALine) {
  const auto json = json_of(example_result(true));
  const std::string text = loadgen::to_text(json);
  EXPECT_EQ(Json::parse(text), json);
  EXPECT_NE(text.find("\n  \"verdict\": \"leak\",\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    {\"seconds\":2.0,\"asked\":300.0,\"sent\":300,"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    \"buckets\": [[5296128,1],[5300224,20],"), std::string::npos) << text;
}

TEST(ReportJson, WithoutResponsesThereIsNoLatency) {
  const loadgen::RunResult nothing;
  const auto json = json_of(nothing);
  EXPECT_EQ(json["latency_histogram"]["count"], 0);
  EXPECT_EQ(json["latency_histogram"]["buckets"], Json::array());
  EXPECT_EQ(json["evidence"]["before"], nullptr);
}

TEST(ReportJson, ComparisonHasBothSidesInOneSchema) {
  const auto json = json_of(example_result(false), example_result(true));
  EXPECT_EQ(keys(json), (Names{"schema", "exit_status", "headline", "fixed", "leaky"}));
  EXPECT_EQ(keys(json["fixed"]).front(), "id");
  EXPECT_EQ(json["fixed"]["exit_status"], 0);
  EXPECT_EQ(json["leaky"]["exit_status"], 3);
  EXPECT_EQ(json["exit_status"], 3);
  EXPECT_EQ(json["headline"].get<std::string>().substr(0, 12), "leak: leaky:");
  EXPECT_EQ(json["fixed"]["verdict"], "clean");
  EXPECT_EQ(json["leaky"]["verdict"], "leak");
}

}  // namespace
