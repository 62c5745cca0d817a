// SPDX-License-Identifier: BSL-1.0
#pragma once
// The metrics of loops as Prometheus families: tasks by site, contexts, timers, cancel latency.
//
// What it is     a Collectable for prometheus-cpp's Registry or Exposer, and the function it uses. Part of the target
//                leash::prometheus.
// Guarantees     metrics of the same site on several loops are added up; the number of label values is bounded by the
//                loops' site tables. Collecting never waits for a loop, and works while a loop is stuck.
// Lifetime       shares the loops' metrics, which may outlive their loops: remove() a loop that is gone.
//
//   auto collector = std::make_shared<leash::PrometheusCollector>();
//   collector->add(loop);
//   exposer.RegisterCollectable(collector);

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "leash/clock.hpp"
#include "leash/loop.hpp"  // IWYU pragma: export
#include "leash/metrics.hpp"

namespace leash {

using MetricsOfLoops = std::vector<std::shared_ptr<const Metrics>>;

/// A family without a metric is left out.
std::vector<prometheus::MetricFamily> prometheus_families(const MetricsOfLoops& loops, TimePoint now);

class PrometheusCollector final : public prometheus::Collectable {
 public:
  void add(const LoopBase& loop);
  void remove(const LoopBase& loop);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  mutable std::mutex mutex_;  ///< guards the list, not the metrics in it
  MetricsOfLoops loops_;
};

}  // namespace leash
