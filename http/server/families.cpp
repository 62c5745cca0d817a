// SPDX-License-Identifier: BSL-1.0
#include "http/server/families.hpp"

#include <array>
#include <string>

#include "leash/families.hpp"

namespace http::server {
namespace {

using leash::families::add;
using leash::families::add_histogram;
using leash::families::family;
using leash::families::Labels;
using prometheus::MetricType;

template <class Of>
std::uint64_t sum(const Workers& workers, Of of) {
  std::uint64_t total = 0;
  for (const auto& worker : workers) total += of(worker->metrics());
  return total;
}

// Adds the program's own label, if there is one.
Labels with_own(Labels labels, const RequestLabel& own, std::size_t value) {
  if (!own.name.empty()) labels.emplace_back(own.name, own.values[value]);
  return labels;
}

}  // namespace

void append_families(std::vector<prometheus::MetricFamily>& families, const Service& service,
                     const Workers& workers) {
  const auto total = [&](const leash::Figure Metrics::*figure) {
    return static_cast<double>(sum(workers, [&](const Metrics& m) { return (m.*figure).get(); }));
  };
  families.push_back(family("http_requests_in_flight", "Requests being served.", MetricType::Gauge));
  add(families.back(), {}, total(&Metrics::in_flight));
  families.push_back(family("http_connections", "Open client connections.", MetricType::Gauge));
  add(families.back(), {}, total(&Metrics::connections));
  families.push_back(family("http_connections_total", "Client connections accepted.", MetricType::Counter));
  add(families.back(), {}, total(&Metrics::connections_total));

  families.push_back(family("http_connections_evicted_total",
                            "Idle connections closed to make room for new ones.", MetricType::Counter));
  add(families.back(), {}, total(&Metrics::evicted));

  auto requests = family("http_requests_total", "Requests answered; code 499: the client disconnected.",
                         MetricType::Counter);
  auto durations = family("http_request_duration_seconds", "Time from a complete head to the response.",
                          MetricType::Histogram);
  auto exceeded =
      family("http_deadline_exceeded_total", "Requests whose deadline passed.", MetricType::Counter);
  for (std::size_t route = 0; route < service.router.labels().size(); ++route) {
    const Labels of_route{{"route", service.router.labels()[route]}};
    const auto late = sum(workers, [&](const Metrics& m) { return m.deadline_exceeded[route].get(); });
    add(exceeded, of_route, static_cast<double>(late));
    for (std::size_t own = 0; own < service.label.values.size(); ++own) {
      for (std::size_t method = 0; method < method_labels.size(); ++method) {
        for (std::size_t status = 0; status < status_labels.size(); ++status) {
          const auto count =
              sum(workers, [&](const Metrics& m) { return m.requests(route, method, status, own); });
          if (count == 0) continue;
          Labels labels = of_route;
          labels.emplace_back("method", method_labels[method]);
          labels.emplace_back("code",
                              status_labels[status] == 0 ? "other" : std::to_string(status_labels[status]));
          add(requests, with_own(std::move(labels), service.label, own), static_cast<double>(count));
        }
      }
      std::array<std::uint64_t, leash::Metrics::latency_bounds.size() + 1> counts{};
      std::uint64_t any = 0;
      std::uint64_t nanoseconds = 0;
      for (const auto& worker : workers) {
        const Metrics::Latency& latency = worker->metrics().latency(route, own);
        for (std::size_t i = 0; i < counts.size(); ++i) any += counts[i] += latency.buckets[i].get();
        nanoseconds += latency.nanoseconds.get();
      }
      if (any == 0) continue;
      add_histogram(durations, with_own(of_route, service.label, own), leash::Metrics::latency_bounds, counts,
                    1e-9 * static_cast<double>(nanoseconds));
    }
  }
  families.push_back(std::move(requests));
  families.push_back(std::move(durations));
  families.push_back(std::move(exceeded));
}

}  // namespace http::server
