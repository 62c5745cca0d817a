// SPDX-License-Identifier: BSL-1.0
#include "loadgen/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <vector>

namespace {

using loadgen::Histogram;
using namespace std::chrono_literals;
using Duration = Histogram::Duration;

// Values spread evenly over the magnitudes from 1 µs to 1 h.
std::vector<Duration> spread_values(std::size_t count, unsigned seed) {
  std::mt19937_64 random{seed};
  std::uniform_real_distribution<double> exponent{std::log(1e3), std::log(3.6e12)};
  std::vector<Duration> values(count);
  for (auto& value : values) value = Duration{static_cast<Duration::rep>(std::exp(exponent(random)))};
  return values;
}

double relative_error(Duration got, Duration exact) {
  return std::abs(static_cast<double>((got - exact).count())) / static_cast<double>(exact.count());
}

TEST(Histogram, QuantilesAreWithinTenthOfPercentOfSortedValues) {
  auto values = spread_values(100'003, 1);
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  std::ranges::sort(values);

  for (const double quantile : {0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = std::max(1.0, std::ceil(quantile * static_cast<double>(values.size())));
    const auto exact = values[static_cast<std::size_t>(rank) - 1];
    EXPECT_LT(relative_error(histogram.at_quantile(quantile), exact), 0.001) << "quantile " << quantile;
  }
}

TEST(Histogram, SingleValueIsWithinTenthOfPercentAtAnySize) {
  for (const auto value : spread_values(2'000, 2)) {
    // Two values around it, so that the exact minimum and maximum do not help.
    Histogram histogram;
    histogram.record(1us);
    histogram.record(value);
    histogram.record(1h);
    ASSERT_LT(relative_error(histogram.at_quantile(0.5), value), 0.001) << value.count() << " ns";
  }
}

TEST(Histogram, QuantileOnExactRankGivesItsOwnValue) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record(i * 1us);
  for (int i = 1; i <= 100; ++i) {
    EXPECT_LT(relative_error(histogram.at_quantile(i / 100.0), i * 1us), 0.001) << i;
  }
}

TEST(Histogram, EmptyHistogramIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.at_quantile(0.99), 0ns);
  EXPECT_EQ(histogram.min(), 0ns);
  EXPECT_EQ(histogram.max(), 0ns);
  EXPECT_EQ(histogram.mean(), 0ns);
}

TEST(Histogram, MinimumMaximumAndMeanAreExact) {
  Histogram histogram;
  for (const auto value : {Duration{1'234'567}, Duration{7'654'321}, Duration{1'111'112}})
    histogram.record(value);
  EXPECT_EQ(histogram.min(), 1'111'112ns);
  EXPECT_EQ(histogram.max(), 7'654'321ns);
  EXPECT_EQ(histogram.mean(), 3'333'333ns);
}

TEST(Histogram, ValuesOutsideTheRangeCountAsItsEnds) {
  Histogram histogram;
  histogram.record(-5s);
  histogram.record(3ns);
  EXPECT_EQ(histogram.max(), Histogram::lowest);
  EXPECT_EQ(histogram.saturated(), 0U);

  histogram.record(1h);
  EXPECT_EQ(histogram.saturated(), 0U);
  histogram.record(1h + 1ns);
  histogram.record(Duration::max());
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_EQ(histogram.saturated(), 2U);
  EXPECT_EQ(histogram.max(), 1h);
  EXPECT_EQ(histogram.at_quantile(1), 1h);
}

TEST(Histogram, MergingIsTheSameAsRecordingAllInOne) {
  Histogram all;
  Histogram first;
  Histogram second;
  for (const auto value : spread_values(5'000, 3)) {
    all.record(value);
    first.record(value);
  }
  for (const auto value : spread_values(5'000, 4)) {
    all.record(value);
    second.record(value);
  }
  second.record(2h);
  all.record(2h);

  first.merge(second);
  EXPECT_EQ(first.count(), all.count());
  EXPECT_EQ(first.saturated(), all.saturated());
  EXPECT_EQ(first.min(), all.min());
  EXPECT_EQ(first.max(), all.max());
  EXPECT_EQ(first.mean(), all.mean());
  for (const double quantile : {0.01, 0.5, 0.99}) {
    EXPECT_EQ(first.at_quantile(quantile), all.at_quantile(quantile));
  }
}

TEST(Histogram, MergingEmptyHistogramChangesNothing) {
  Histogram histogram;
  histogram.record(5ms);
  histogram.merge(Histogram{});
  EXPECT_EQ(histogram.min(), 5ms);
  EXPECT_EQ(histogram.max(), 5ms);
  EXPECT_EQ(histogram.count(), 1U);
}

TEST(Histogram, CountAtMostAgreesWithTheValues) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(i * 1ms);
  EXPECT_EQ(histogram.count_at_most(0ns), 0U);
  EXPECT_EQ(histogram.count_at_most(500ms), 500U);
  EXPECT_EQ(histogram.count_at_most(10h), 1000U);
}

TEST(Histogram, ResetRestoresInitialState) {
  Histogram histogram;
  histogram.record(2h);
  histogram.reset();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.saturated(), 0U);
  histogram.record(3ms);
  EXPECT_EQ(histogram.min(), 3ms);
  EXPECT_EQ(histogram.max(), 3ms);
  EXPECT_EQ(histogram.mean(), 3ms);
}

TEST(Histogram, RoundTripsThroughCounts) {
  Histogram histogram;
  for (const auto value : spread_values(10'000, 7)) histogram.record(value);
  histogram.record(2h);
  EXPECT_EQ(Histogram::from_counts(histogram.to_counts()), histogram);
  EXPECT_EQ(Histogram::from_counts(Histogram{}.to_counts()), Histogram{});
}

TEST(Histogram, CountsNameTheLowestValueOfEachBucket) {
  Histogram histogram;
  histogram.record(1'500ns);
  histogram.record(5'001ns);
  histogram.record(5'003ns);
  const Histogram::Counts counts = histogram.to_counts();
  EXPECT_EQ(counts.sum, 11'504u);
  EXPECT_EQ(counts.min, 1'500ns);
  EXPECT_EQ(counts.max, 5'003ns);
  EXPECT_EQ(counts.buckets, (std::vector<Histogram::Counts::Bucket>{{1'500, 1}, {5'000, 2}}));
}

// The property that `leash-load merge` rests on.
TEST(Histogram, MergedCountsEqualHistogramOfAllValues) {
  std::mt19937_64 random{11};
  for (unsigned round = 0; round < 20; ++round) {
    const auto values = spread_values(1 + random() % 5'000, round);
    std::vector<Histogram> parts(1 + random() % 6);
    Histogram whole;
    for (const auto value : values) {
      whole.record(value);
      parts[random() % parts.size()].record(value);
    }
    Histogram merged;
    for (const auto& part : parts) merged.merge(Histogram::from_counts(part.to_counts()).value());
    ASSERT_EQ(merged, whole) << "round " << round;
  }
}

TEST(Histogram, RefusesInvalidCounts) {
  Histogram histogram;
  for (const auto value : {5us, 9us, 9us, 70'000us}) histogram.record(value);
  const auto refused = [&](auto spoil) {
    auto counts = histogram.to_counts();
    spoil(counts);
    return !Histogram::from_counts(counts);
  };
  EXPECT_FALSE(refused([](Histogram::Counts&) {}));
  EXPECT_TRUE(refused([](auto& counts) { counts.buckets[0].from += 1; })) << "no bucket begins there";
  EXPECT_TRUE(refused([](auto& counts) { counts.buckets[1].count = 0; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.buckets[1].count = UINT64_MAX; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.buckets[2].from = UINT64_MAX; }));
  EXPECT_TRUE(refused([](auto& counts) { std::swap(counts.buckets[0], counts.buckets[1]); }));
  EXPECT_TRUE(refused([](auto& counts) { counts.buckets[1] = counts.buckets[0]; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.min = 6us; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.max = 1s; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.max = -1s; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.saturated = 5; }));
  EXPECT_TRUE(refused([](auto& counts) { counts.buckets.clear(); }));
}

}  // namespace
