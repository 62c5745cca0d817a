// SPDX-License-Identifier: BSL-1.0
#include "http/server/http_metrics.hpp"

#include <algorithm>

namespace server {

void HttpMetrics::finished(RouteLabel route, MethodLabel method, int code, Mode mode,
                           std::chrono::nanoseconds elapsed) noexcept {
  const auto r = static_cast<std::size_t>(route);
  const auto m = static_cast<std::size_t>(mode);
  const auto at = std::find(codes.begin(), codes.end() - 1, code);  // the last one stands for all others
  requests[r][static_cast<std::size_t>(method)][static_cast<std::size_t>(at - codes.begin())][m].add();

  Duration& duration = durations[r][m];
  constexpr auto& bounds = leash::Metrics::latency_bounds;
  const auto bound =
      std::lower_bound(bounds.begin(), bounds.end(), std::chrono::duration<double>(elapsed).count());
  duration.buckets[static_cast<std::size_t>(bound - bounds.begin())].add();
  duration.nanoseconds.add(static_cast<std::uint64_t>(elapsed.count()));
}

std::uint64_t HttpMetrics::answered() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& of_route : durations) {
    for (const Duration& duration : of_route) {
      for (const leash::Figure& bucket : duration.buckets) sum += bucket.get();
    }
  }
  return sum;
}

}  // namespace server
