// SPDX-License-Identifier: BSL-1.0
#pragma once
// Building blocks for Prometheus families: plain values into prometheus-cpp's types.
//
// Threads        any; a family is a plain value.
// Lifetime       plain data; what labeled() returns refers into the family until the next metric is added.
//
//   families.push_back(family("leash_timers_armed", "Deadlines and sleeps that wait.", MetricType::Gauge));
//   add(families.back(), {}, 12);

#include <prometheus/metric_family.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leash::families {

using Families = std::vector<prometheus::MetricFamily>;
using Labels = std::vector<std::pair<std::string, std::string>>;

inline prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

inline prometheus::ClientMetric& labeled(prometheus::MetricFamily& family, const Labels& labels) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

/// A gauge or a counter.
inline void add(prometheus::MetricFamily& family, const Labels& labels, double value) {
  prometheus::ClientMetric& metric = labeled(family, labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

/// `counts` has a bucket for each bound and one more, unbounded; they are not cumulative.
inline void add_histogram(prometheus::MetricFamily& family, const Labels& labels,
                          std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum) {
  prometheus::ClientMetric& metric = labeled(family, labels);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = sum;
}

}  // namespace leash::families
