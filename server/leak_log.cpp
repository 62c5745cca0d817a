// SPDX-License-Identifier: BSL-1.0
#include "server/leak_log.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "leash/wait_point.hpp"

namespace server {
namespace {

using http::server::LogLevel;

// Totals of one site over all loops.
struct Site {
  std::array<std::uint64_t, leash::wait_kinds> leaked{};
  std::uint64_t leaked_now = 0;
  std::uint64_t leaks = 0;
  std::uint64_t outlived_now = 0;
  std::uint64_t outlived = 0;
  std::uint64_t reaped = 0;

  std::string_view most_frequent_wait() const {
    const auto* most = std::ranges::max_element(leaked);
    return *most == 0 ? "" : to_string(static_cast<leash::WaitKind>(most - leaked.begin()));
  }
};

std::map<std::string, Site> by_site(const MetricsOfLoops& loops) {
  std::map<std::string, Site> sites;
  for (const auto& loop : loops) {
    for (const leash::SiteMetrics& from : loop->sites()) {
      const std::uint64_t leaks = from.leaks.get();
      const std::uint64_t outlived = from.contexts_ever_outlived.get();
      if (leaks == 0 && outlived == 0) continue;
      std::string name = from.file;
      if (from.line != 0) name += ":" + std::to_string(from.line);
      Site& site = sites[name];
      for (std::size_t i = 0; i < leash::wait_kinds; ++i) {
        site.leaked[i] += from.leaked[i].get();
        site.leaked_now += from.leaked[i].get();
      }
      site.leaks += leaks;
      site.outlived_now += from.contexts_outlived.get();
      site.outlived += outlived;
      site.reaped += from.leaks_reaped.get();
    }
  }
  return sites;
}

// True if one of 1, 10, 100, ... is above `before` and not above `now`.
bool passes_power_of_ten(std::uint64_t before, std::uint64_t now) noexcept {
  std::uint64_t power = 1;
  while (power <= before) power *= 10;
  return power <= now;
}

}  // namespace

LeakTotals leak_totals(const MetricsOfLoops& loops) noexcept {
  LeakTotals totals;
  for (const auto& loop : loops) {
    for (const leash::SiteMetrics& site : loop->sites()) {
      totals.leaked += site.leaked_now();
      totals.outlived += site.contexts_outlived.get();
      totals.reaped += site.leaks_reaped.get();
    }
  }
  return totals;
}

std::uint64_t LeakLog::look(const MetricsOfLoops& loops) {
  std::uint64_t reaped = 0;
  for (const auto& [name, site] : by_site(loops)) {
    Seen& seen = sites_[name];
    if (passes_power_of_ten(seen.leaks, site.leaks)) {
      log_(LogLevel::warn, "tasks have leaked",
           {{"site", name},
            {"wait", site.most_frequent_wait()},
            {"count", site.leaks},
            {"now", site.leaked_now}});
    }
    if (passes_power_of_ten(seen.outlived, site.outlived)) {
      log_(LogLevel::warn, "contexts have outlived their requests",
           {{"site", name}, {"count", site.outlived}, {"now", site.outlived_now}});
    }
    if (site.reaped > seen.reaped) {
      log_(LogLevel::warn, "leaked tasks were reaped",
           {{"site", name}, {"count", site.reaped - seen.reaped}, {"total", site.reaped}});
      reaped += site.reaped - seen.reaped;
    }
    seen = {site.leaks, site.outlived, site.reaped};
  }
  return reaped;
}

}  // namespace server
