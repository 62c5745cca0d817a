// SPDX-License-Identifier: BSL-1.0
#include "http/server/metrics.hpp"

#include <algorithm>

namespace http::server {
namespace {

// The last entry of each list stands for all other values.
template <class Labels>
std::size_t place_in(const Labels& labels, const auto& value) noexcept {
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end() - 1, value) - labels.begin());
}

}  // namespace

Metrics::Metrics(std::size_t routes, std::size_t labels)
    : deadline_exceeded(routes),
      labels_(labels),
      requests_(routes * method_labels.size() * status_labels.size() * labels),
      latencies_(routes * labels) {}

void Metrics::finished(const Request& request, std::chrono::nanoseconds elapsed) noexcept {
  const std::string_view method = request.method ? to_string(*request.method) : "other";
  requests_[at(request.route, place_in(method_labels, method), place_in(status_labels, request.status),
               request.label)]
      .add();
  if (request.status == 504) deadline_exceeded[request.route].add();

  Latency& latency = latencies_[request.route * labels_ + request.label];
  constexpr auto& bounds = leash::Metrics::latency_bounds;
  const auto bound =
      std::lower_bound(bounds.begin(), bounds.end(), std::chrono::duration<double>(elapsed).count());
  latency.buckets[static_cast<std::size_t>(bound - bounds.begin())].add();
  latency.nanoseconds.add(static_cast<std::uint64_t>(elapsed.count()));
}

std::uint64_t Metrics::answered() const noexcept {
  std::uint64_t sum = 0;
  for (const Latency& latency : latencies_) {
    for (const leash::Figure& bucket : latency.buckets) sum += bucket.get();
  }
  return sum;
}

}  // namespace http::server
