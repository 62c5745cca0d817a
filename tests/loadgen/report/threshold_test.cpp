// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/threshold.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/loadgen/report/example_results.hpp"

namespace {

using loadgen::parse_threshold;
using loadgen::RunResult;
using loadgen::ThresholdOutcome;
using loadgen::test::example_result;

ThresholdOutcome outcome(std::string_view text, const RunResult& result) {
  const auto threshold = parse_threshold(text);
  EXPECT_TRUE(threshold) << threshold.error();
  return check(*threshold, result);
}

bool met(std::string_view text, const RunResult& result) { return outcome(text, result).met; }

std::string refused(std::string_view text) {
  const auto threshold = parse_threshold(text);
  return threshold ? "accepted" : threshold.error();
}

TEST(Threshold, AnyPercentileIsAMetric) {
  EXPECT_DOUBLE_EQ(parse_threshold("p50<1s")->quantile, 0.5);
  EXPECT_DOUBLE_EQ(parse_threshold("p99.9<1s")->quantile, 0.999);
  EXPECT_DOUBLE_EQ(parse_threshold("p999<1s")->quantile, 0.999);
  EXPECT_DOUBLE_EQ(parse_threshold("p9999<1s")->quantile, 0.9999);
  EXPECT_DOUBLE_EQ(parse_threshold("p5<1s")->quantile, 0.05);
}

TEST(Threshold, RefusesInvalidPercentile) {
  for (const char* text : {"p100<1s", "p150<1s", "p950<1s", "p0<1s", "p<1s", "p99.<1s"}) {
    EXPECT_NE(refused(text), "accepted") << text;
  }
}

TEST(Threshold, TreatsEqualDecimalSharesAsEqual) {
  auto result = example_result(false);
  result.requests.sent = 1000;
  result.requests.ok = 999;
  result.requests.errors = 7;
  EXPECT_TRUE(met("ok>=99.9%", result));
  EXPECT_FALSE(met("ok>99.9%", result));
  EXPECT_TRUE(met("errors<=0.7%", result));
  EXPECT_FALSE(met("errors<0.7%", result));
}

TEST(Threshold, RateIsReachedAfterSendingAllDueRequests) {
  auto result = example_result(false);
  result.rate_asked = 0.3;
  result.elapsed = std::chrono::seconds(4);
  result.requests.sent = 1;  // of 1.2
  result.rate_reached = 0.25;
  EXPECT_TRUE(met("rate>=99%", result));
  result.unsent = 1;
  EXPECT_FALSE(met("rate>=99%", result)) << "it was due before, and in line";
  result.unsent = 0;
  result.requests.sent = 0;
  result.rate_reached = 0;
  EXPECT_FALSE(met("rate>=99%", result));
}

TEST(Threshold, BlanksAreAllowedAndNotKept) {
  EXPECT_EQ(parse_threshold(" p99 <= 50ms ")->text, "p99<=50ms");
}

TEST(Threshold, LatenciesAreComparedAsTimes) {
  const auto result = example_result(false);  // 5.3 to 9.8 ms
  EXPECT_TRUE(met("p99<50ms", result));
  EXPECT_FALSE(met("p99<6ms", result));
  EXPECT_TRUE(met("min>=5.3ms", result));
  EXPECT_FALSE(met("min>5.3ms", result));
  EXPECT_TRUE(met("mean<7ms", result));
  EXPECT_TRUE(met("max>9ms", result));
  const auto p50 = outcome("p50<5ms", result);
  EXPECT_FALSE(p50.met);
  EXPECT_NEAR(*p50.value, 0.00575, 0.0001);
  EXPECT_EQ(p50.shown, "5.76 ms");
}

TEST(Threshold, NeitherFastRefusalsNorTimeoutsHideAnything) {
  auto refused = example_result(false);  // p99 of what succeeded is near 10 ms
  for (int i = 0; i < 500'000; ++i) refused.latency.record(std::chrono::microseconds(50));
  EXPECT_LT(refused.latency.at_quantile(0.99), std::chrono::milliseconds(1));
  EXPECT_FALSE(met("p99<5ms", refused)) << "slow answers behind fast refusals";
  auto hung = example_result(false);
  for (int i = 0; i < 100; ++i) hung.latency.record(std::chrono::seconds(5));
  EXPECT_FALSE(met("p99<50ms", hung)) << "time-outs behind fast answers";
  EXPECT_EQ(outcome("p99<50ms", hung).shown, "5.00 s");
  hung.ok_latency = {};
  EXPECT_FALSE(met("p99<1h", hung)) << "nothing succeeded: not known";
}

TEST(Threshold, IsHopelessIfNoLongerReachable) {
  const auto hopeless = [](const char* text, const RunResult& result, std::optional<std::uint64_t> in_all) {
    return is_hopeless(*parse_threshold(text), result, in_all);
  };
  auto result = example_result(false);
  for (int i = 0; i < 100; ++i) result.latency.record(std::chrono::seconds(5));
  EXPECT_TRUE(hopeless("p99<50ms", result, 9'999));
  EXPECT_FALSE(hopeless("p99<50ms", result, 10'001)) << "the rest may be fast";
  EXPECT_FALSE(hopeless("p99<50ms", result, std::nullopt));
  EXPECT_FALSE(hopeless("p99>50ms", result, 100));
  EXPECT_TRUE(hopeless("max<1s", result, std::nullopt));
  EXPECT_FALSE(hopeless("max<10s", result, std::nullopt));
  result.requests.errors = 10;
  EXPECT_TRUE(hopeless("errors<=9", result, std::nullopt));
  EXPECT_FALSE(hopeless("errors<=10", result, std::nullopt));
  EXPECT_TRUE(hopeless("errors<1%", result, 999));
  EXPECT_FALSE(hopeless("errors<1%", result, 1001));
  EXPECT_TRUE(hopeless("ok>=99%", result, 999));
  EXPECT_FALSE(hopeless("leaked<=0", result, 999));
}

TEST(Threshold, ErrorsAreANumberOrAShareOfTheRequestsSent) {
  const auto result = example_result(true);  // 12 of 4,500
  EXPECT_TRUE(met("errors<=12", result));
  EXPECT_FALSE(met("errors<12", result));
  EXPECT_TRUE(met("errors<0.27%", result));
  EXPECT_FALSE(met("errors<0.26%", result));
  EXPECT_TRUE(met("ok>99.7%", result));
  EXPECT_FALSE(met("ok>=4489", result));
  EXPECT_TRUE(met("requests>=4500", result));
  EXPECT_EQ(outcome("errors<1%", result).shown, "0.27%");
}

TEST(Threshold, RateIsNumberOrShareOfRequestedRate) {
  auto result = example_result(false);  // 299.8 of 300
  result.requests.sent = 4497;
  EXPECT_TRUE(met("rate>299", result));
  EXPECT_TRUE(met("rate>=99.9%", result));
  EXPECT_FALSE(met("rate>=100%", result));
  result.rate_asked.reset();
  EXPECT_FALSE(met("rate>=1%", result)) << "nothing was asked: not known";
}

TEST(Threshold, LeftoversCountPerRequest) {
  const auto leaky = example_result(true);
  EXPECT_FALSE(met("leaked<=0", leaky));
  EXPECT_TRUE(met("leaked<=1.5", leaky));
  EXPECT_TRUE(met("contexts<=1", leaky));
  EXPECT_FALSE(met("timers<0.1", leaky));
  EXPECT_FALSE(met("memory<24KiB", leaky));
  EXPECT_TRUE(met("memory<25KiB", leaky));
  EXPECT_TRUE(met("leaked<=0", example_result(false)));
  EXPECT_EQ(outcome("leaked<=0", leaky).shown, "1.500 per request");
}

TEST(Threshold, IsNotMetByUnknownValue) {
  const RunResult nothing;
  for (const auto* text : {"p99<1h", "max<1h", "errors<=100%", "leaked<=100", "memory<1GiB", "timers<9"}) {
    const auto judged = outcome(text, nothing);
    EXPECT_FALSE(judged.met) << text;
    EXPECT_EQ(judged.value, std::nullopt) << text;
    EXPECT_EQ(judged.shown, "not known") << text;
  }
}

TEST(Threshold, ReportsErrorsInOneLine) {
  const std::string form =
      " is not METRIC OPERATOR VALUE, such as p99<50ms, errors<1%, rate>=95% or leaked<=0";
  EXPECT_EQ(refused("p99"), "'p99'" + form);
  EXPECT_EQ(refused("p99=5ms"), "'p99=5ms'" + form);
  EXPECT_EQ(refused("<5ms"), "'<5ms'" + form);
  EXPECT_EQ(refused("p99<"), "'p99<'" + form);
  EXPECT_EQ(refused(""), "''" + form);
  EXPECT_EQ(refused("latency<5ms"),
            "'latency<5ms' does not begin with a metric: p50, p99.9 and so on, min, mean, max, errors, "
            "ok, rate, "
            "requests, leaked, contexts, timers, memory");
  for (const auto* text : {"p<5ms", "p0<5ms", "px<5ms", "p99.<5ms", "p1e1<5ms", "p-1<5ms", "p9.9.9<5ms"}) {
    EXPECT_NE(refused(text).find("does not begin with a metric"), std::string::npos) << text;
  }
  EXPECT_EQ(refused("p99<50"),
            "p99: duration '50' is not valid; examples: 250us, 500ms, 2s, 1.5s, 1m, 1h, 0");
  EXPECT_EQ(refused("p99<<5ms"),
            "p99: duration '<5ms' is not valid; examples: 250us, 500ms, 2s, 1.5s, 1m, 1h, 0");
  EXPECT_EQ(refused("errors<few"), "errors: 'few' is not a number or a share such as 1%");
  EXPECT_EQ(refused("errors<-1"), "errors: '-1' is not a number or a share such as 1%");
  EXPECT_EQ(refused("leaked<1%"), "leaked: '1%' is not a number");
  EXPECT_EQ(refused("memory<1KB"),
            "memory: size '1KB' is not valid; examples: 512, 64k, 16KiB, 1MiB, 1GiB, 1TiB");
}

}  // namespace
