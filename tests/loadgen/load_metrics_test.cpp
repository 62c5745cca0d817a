// SPDX-License-Identifier: BSL-1.0
#include "loadgen/load_metrics.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "loadgen/metrics_text.hpp"

namespace {

using namespace std::chrono_literals;
using loadgen::LoadMetrics;
using loadgen::Metrics;

LoadMetrics figures(const loadgen::Histogram& latency) {
  LoadMetrics figures{.phase = loadgen::Phase::load, .sides = {}};
  figures.sides.push_back({.target = "http://127.0.0.1:1/demo?a=\"b\"",
                           .requests = {.sent = 10,
                                        .ok = 6,
                                        .errors = 2,
                                        .aborted = 1,
                                        .refused = 3,
                                        .by_status = {{"200", 6}, {"503", 2}},
                                        .by_error = {}},
                           .own = {.no_ports = 8, .waited = 9, .held_up = 250ms, .processor_share = {}},
                           .latency = latency,
                           .now = {.in_flight = 1, .in_line = 4, .connections = 5, .rate_asked = 300}});
  return figures;
}

TEST(LoadMetrics, HaveSameFiguresAsReport) {
  loadgen::Histogram latency;
  for (const auto value : {300us, 700us, 40'000us, 20'000'000us}) latency.record(value);
  const std::string text = render_metrics(figures(latency));
  const auto metrics = loadgen::parse_metrics(text);
  ASSERT_TRUE(metrics) << metrics.error();
  const auto is = [&](std::string_view name, std::initializer_list<Metrics::LabelIs> labels, double wanted) {
    EXPECT_EQ(metrics->sum(name, labels), wanted) << name;
  };
  is("leash_load_requests_sent_total", {{"target", "http://127.0.0.1:1/demo?a=\"b\""}}, 10);
  is("leash_load_requests_total", {{"outcome", "ok"}}, 6);
  is("leash_load_requests_total", {{"outcome", "error"}}, 2);
  is("leash_load_requests_total", {{"outcome", "aborted"}}, 1);
  is("leash_load_requests_refused_total", {}, 3);
  is("leash_load_responses_total", {{"code", "503"}}, 2);
  is("leash_load_requests_in_flight", {}, 1);
  is("leash_load_requests_in_line", {}, 4);
  is("leash_load_connections", {}, 5);
  is("leash_load_rate_asked", {}, 300);
  is("leash_load_own_limit_total", {{"limit", "ports"}}, 8);
  is("leash_load_own_limit_total", {{"limit", "connections"}}, 9);
  is("leash_load_held_up_seconds", {}, 0.25);
  is("leash_load_phase", {{"phase", "load"}}, 1);
  is("leash_load_phase", {{"phase", "drain"}}, 0);
  is("leash_load_request_duration_seconds_bucket", {{"le", "0.0005"}}, 1);
  is("leash_load_request_duration_seconds_bucket", {{"le", "0.001"}}, 2);
  is("leash_load_request_duration_seconds_bucket", {{"le", "10"}}, 3);
  is("leash_load_request_duration_seconds_bucket", {{"le", "+Inf"}}, 4);
  is("leash_load_request_duration_seconds_count", {}, 4);
  EXPECT_NEAR(*metrics->sum("leash_load_request_duration_seconds_sum"), 20.041, 1e-6);
  EXPECT_GT(*metrics->sum("process_resident_memory_bytes"), 1e5);
}

TEST(LoadMetrics, SeparateComparisonSidesOfOneTarget) {
  loadgen::Histogram latency;
  LoadMetrics both = figures(latency);
  both.sides.push_back(both.sides.front());
  both.sides[0].side = "fixed";
  both.sides[1].side = "leaky";
  both.sides[1].requests.sent = 7;
  const auto metrics = loadgen::parse_metrics(render_metrics(both));
  ASSERT_TRUE(metrics) << metrics.error();
  EXPECT_EQ(metrics->sum("leash_load_requests_sent_total", {{"side", "fixed"}}), 10);
  EXPECT_EQ(metrics->sum("leash_load_requests_sent_total", {{"side", "leaky"}}), 7);
}

TEST(LoadMetrics, AFamilyWithoutASampleIsLeftOut) {
  const std::string text = loadgen::render_metrics({.phase = loadgen::Phase::starting, .sides = {}});
  EXPECT_EQ(text.find("leash_load_responses_total"), std::string::npos);
  EXPECT_NE(text.find("leash_load_phase{phase=\"starting\"} 1"), std::string::npos) << text;
}

TEST(LoadMetrics, AreReadableByPrometheus) {
  loadgen::Histogram latency;
  latency.record(5ms);
  const std::string file = ::testing::TempDir() + "load-metrics-" + std::to_string(::getpid());
  std::ofstream(file) << render_metrics(figures(latency));
  const std::string command = std::string(PROMTOOL) + " check metrics < " + file + " 2>&1";
  std::FILE* promtool = ::popen(command.c_str(), "r");
  ASSERT_TRUE(promtool);
  std::string says;
  for (int c = std::fgetc(promtool); c != EOF; c = std::fgetc(promtool)) says += static_cast<char>(c);
  EXPECT_EQ(::pclose(promtool), 0) << says;
  EXPECT_EQ(says, "");
  std::remove(file.c_str());
}

}  // namespace
