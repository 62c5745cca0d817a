// SPDX-License-Identifier: BSL-1.0
#include "loadgen/metrics_text.hpp"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>
#include <string>

namespace {

using loadgen::parse_metrics;

std::string error_of(std::string_view text) {
  const auto parsed = parse_metrics(text);
  return parsed ? "no error" : parsed.error();
}

TEST(MetricsText, ReadsOutputOfPrometheusCpp) {
  prometheus::Registry registry;
  auto& live =
      prometheus::BuildGauge().Name("leash_tasks_live").Help("Live \"tasks\" by\\site.").Register(registry);
  live.Add({{"site", "server/patterns/send.cpp:41"}, {"role", "request"}}).Set(12);
  live.Add({{"site", "a \"quoted\\\" {name}, with=everything\n"}, {"role", "request"}}).Set(3);
  live.Add({{"site", "server/listener.cpp:7"}, {"role", "system"}}).Set(2);
  prometheus::BuildGauge()
      .Name("process_start_time_seconds")
      .Help("Start.")
      .Register(registry)
      .Add({})
      .Set(1763940000.123456);
  prometheus::BuildCounter().Name("http_requests_total").Help("").Register(registry).Add({}).Increment(5e9);
  prometheus::BuildHistogram()
      .Name("http_request_duration_seconds")
      .Help("Durations.")
      .Register(registry)
      .Add({{"route", "demo"}}, prometheus::Histogram::BucketBoundaries{0.5, 1})
      .Observe(0.75);

  const auto metrics = parse_metrics(prometheus::TextSerializer{}.Serialize(registry.Collect()));
  ASSERT_TRUE(metrics.has_value()) << metrics.error();
  EXPECT_EQ(metrics->sum("leash_tasks_live"), 17);
  EXPECT_EQ(metrics->sum("leash_tasks_live", {{"role", "request"}}), 15);
  EXPECT_EQ(metrics->sum("leash_tasks_live", {{"site", "a \"quoted\\\" {name}, with=everything\n"}}), 3);
  EXPECT_EQ(metrics->sum("leash_tasks_live", {{"role", "system"}, {"site", "server/listener.cpp:7"}}), 2);
  EXPECT_NEAR(*metrics->sum("process_start_time_seconds"), 1763940000.123456, 1e-6);
  EXPECT_EQ(metrics->sum("http_requests_total"), 5e9);
  EXPECT_EQ(metrics->sum("http_request_duration_seconds_sum", {{"route", "demo"}}), 0.75);
  EXPECT_EQ(metrics->sum("http_request_duration_seconds_bucket", {{"le", "+Inf"}}), 1);
}

TEST(MetricsText, ReadsNonFiniteValuesOfPrometheusCpp) {
  prometheus::Registry registry;
  auto& gauge = prometheus::BuildGauge().Name("g").Help("").Register(registry);
  gauge.Add({{"is", "inf"}}).Set(std::numeric_limits<double>::infinity());
  gauge.Add({{"is", "-inf"}}).Set(-std::numeric_limits<double>::infinity());
  gauge.Add({{"is", "nan"}}).Set(std::numeric_limits<double>::quiet_NaN());

  const auto metrics = parse_metrics(prometheus::TextSerializer{}.Serialize(registry.Collect()));
  ASSERT_TRUE(metrics.has_value()) << metrics.error();
  EXPECT_EQ(metrics->sum("g", {{"is", "inf"}}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(metrics->sum("g", {{"is", "-inf"}}), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(*metrics->sum("g", {{"is", "nan"}})));
}

TEST(MetricsText, ReadsUnusualButValidForms) {
  const auto metrics = parse_metrics(
      "# a comment\n"
      "\n"
      "  a_metric { one = \"1\" , two=\"2\",} +12 1763940000000\n"
      "ns:rule{} 1e-3\n"
      "bare\t-7\n");
  ASSERT_TRUE(metrics.has_value()) << metrics.error();
  EXPECT_EQ(metrics->sum("a_metric", {{"one", "1"}, {"two", "2"}}), 12);
  EXPECT_EQ(metrics->sum("ns:rule"), 0.001);
  EXPECT_EQ(metrics->sum("bare"), -7);
  EXPECT_EQ(metrics->samples().size(), 3U);
}

TEST(MetricsText, MissingMetricIsNotZero) {
  const auto metrics = parse_metrics("a{b=\"c\"} 0\n");
  ASSERT_TRUE(metrics.has_value());
  EXPECT_EQ(metrics->sum("a"), 0);
  EXPECT_EQ(metrics->sum("z"), std::nullopt);
  EXPECT_EQ(metrics->sum("a", {{"b", "other"}}), std::nullopt);
  EXPECT_TRUE(parse_metrics("").has_value());
}

TEST(MetricsText, AMissingLabelIsTheEmptyOne) {
  const auto metrics = parse_metrics("a{b=\"c\"} 4\n");
  EXPECT_EQ(metrics->sum("a", {{"z", ""}}), 4);
}

TEST(MetricsText, TruncatedTextIsErrorNotSmallerNumber) {
  EXPECT_EQ(error_of("a 1\nleash_tasks_live 12"),
            "metrics, line 2: the text is truncated: the last line has no newline");
}

TEST(MetricsText, AnErrorNamesItsLine) {
  EXPECT_EQ(error_of("# fine\na 1\n{} 2\n"), "metrics, line 3: a metric's name was expected");
  EXPECT_EQ(error_of("<html>\n"), "metrics, line 1: a metric's name was expected");
  EXPECT_EQ(error_of("9a 1\n"), "metrics, line 1: a metric's name was expected");
  EXPECT_EQ(error_of("a\n"), "metrics, line 1: a value was expected");
  EXPECT_EQ(error_of("a 12x\n"), "metrics, line 1: the value is not a number");
  EXPECT_EQ(error_of("a 1 2 3\n"), "metrics, line 1: after the value only a time stamp may follow");
  EXPECT_EQ(error_of("a 1 soon\n"), "metrics, line 1: after the value only a time stamp may follow");
}

TEST(MetricsText, BrokenLabelsAreErrors) {
  EXPECT_EQ(error_of("a{b=\"c\"\n"), "metrics, line 1: '{' is never closed");
  EXPECT_EQ(error_of("a{\n"), "metrics, line 1: '{' is never closed");
  EXPECT_EQ(error_of("a{=\"c\"} 1\n"), "metrics, line 1: a label's name was expected");
  EXPECT_EQ(error_of("a{b \"c\"} 1\n"), "metrics, line 1: '=' was expected after a label's name");
  EXPECT_EQ(error_of("a{b=c} 1\n"), "metrics, line 1: a label's value must be in quotes");
  EXPECT_EQ(error_of("a{b=\"c} 1\n"), "metrics, line 1: a label's value is never closed");
  EXPECT_EQ(error_of("a{b=\"c\\\n"), "metrics, line 1: a label's value is never closed");
  EXPECT_EQ(error_of("a{b=\"\\t\"} 1\n"), "metrics, line 1: unknown escape in a label's value");
  EXPECT_EQ(error_of("a{b=\"c\" d=\"e\"} 1\n"), "metrics, line 1: ',' or '}' was expected after a label");
}

}  // namespace
