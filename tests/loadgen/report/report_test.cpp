// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::to_json;
using loadgen::test::example_result;
using Json = nlohmann::ordered_json;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Report, HasTheFieldsOfSchema1InTheirOrder) {
  const auto json = to_json(example_result(true));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(keys(json), (Names{"schema", "target",     "metrics",         "mode",
                               "plan",   "started_at", "warmup_seconds",  "elapsed_seconds",
                               "runs",   "requests",   "latency_seconds", "rate",
                               "server", "thresholds", "verdict",         "reason",
                               "notes",  "timeline",   "evidence",        "latency_histogram"}));
  EXPECT_EQ(keys(json["requests"]),
            (Names{"sent", "ok", "errors", "aborted", "refused", "by_status", "by_error"}));
  EXPECT_EQ(keys(json["latency_seconds"]), (Names{"p50", "p90", "p99", "p999", "max", "min", "mean"}));
  EXPECT_EQ(keys(json["rate"]), (Names{"asked", "reached", "unsent"}));
  EXPECT_EQ(
      keys(json["server"]),
      (Names{"requests_seen", "tasks_before", "tasks_after_drain", "leaked_after_drain", "leaked_per_request",
             "contexts_before", "contexts_after_drain", "timers_before", "timers_after_drain",
             "bytes_per_request", "rss_before_bytes", "rss_after_bytes", "restarts"}));
}

TEST(Report, CanBeWrittenWhateverTheServerSaid) {
  auto result = example_result(true);
  result.mode = "r\xe9par\xe9";
  result.evidence.scrape_error = "404 Non trouv\xe9";
  const std::string text = loadgen::to_text(to_json(result));
  EXPECT_NE(text.find("\"mode\": \"r\xef\xbf\xbdpar\xef\xbf\xbd\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"404 Non trouv\xef\xbf\xbd\""), std::string::npos) << text;
}

TEST(Report, TellsWhatTheLoadAndTheServerSaw) {
  auto result = example_result(true);
  result.evidence.after->tasks_leaked = 6749;
  const auto json = to_json(result);
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

TEST(Report, WhatIsNotKnownIsNull) {
  loadgen::RunResult result;
  result.judgement = loadgen::judge(result.evidence);
  const auto json = to_json(result);
  EXPECT_TRUE(json["mode"].is_null());
  EXPECT_TRUE(json["rate"]["asked"].is_null());
  EXPECT_TRUE(json["server"]["tasks_before"].is_null());
  EXPECT_TRUE(json["server"]["rss_after_bytes"].is_null());
  EXPECT_TRUE(json["server"]["leaked_per_request"].is_null());
  EXPECT_EQ(json["requests"]["by_status"], Json::object());
  EXPECT_EQ(json["verdict"], "unknown");
}

TEST(Report, AsTextAFieldHasALineAndSoHasEachMomentOfTheTimeline) {
  const auto json = to_json(example_result(true));
  const std::string text = loadgen::to_text(json);
  EXPECT_EQ(Json::parse(text), json);
  EXPECT_NE(text.find("\n  \"verdict\": \"leak\",\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    {\"seconds\":2.0,\"asked\":300.0,\"sent\":300,"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    \"buckets\": [[5296128,1],[5300224,20],"), std::string::npos) << text;
}

TEST(Report, WithoutResponsesThereIsNoLatency) {
  const loadgen::RunResult nothing;
  const auto json = to_json(nothing);
  EXPECT_EQ(json["latency_histogram"]["count"], 0);
  EXPECT_EQ(json["latency_histogram"]["buckets"], Json::array());
  EXPECT_EQ(json["evidence"]["before"], nullptr);
}

TEST(Report, AComparisonHasBothWithOneSchema) {
  const auto json = to_json(example_result(false), example_result(true));
  EXPECT_EQ(keys(json), (Names{"schema", "fixed", "leaky"}));
  EXPECT_EQ(keys(json["fixed"]).front(), "target");
  EXPECT_EQ(json["fixed"]["verdict"], "clean");
  EXPECT_EQ(json["leaky"]["verdict"], "leak");
}

}  // namespace
