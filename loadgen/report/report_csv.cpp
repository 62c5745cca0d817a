// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report_csv.hpp"

#include <fmt/format.h>

#include <optional>

namespace loadgen {
namespace {

// At most seven digits: the last ones of a computed rate are rounding errors.
std::string cell(const std::optional<double>& value) {
  return value ? fmt::format("{:.7g}", *value) : std::string();
}

std::string cell(const Period& period, std::int64_t ServerObservation::*member) {
  return period.seen ? fmt::format("{}", (*period.seen).*member) : std::string();
}

}  // namespace

std::string report_csv(std::span<const RunResult> results) {
  std::string text =
      "side,seconds,asked,sent,ok,errors,p50_seconds,p99_seconds,tasks,leaked,contexts,timers,heap_bytes,rss_"
      "bytes\r\n";
  for (std::size_t side = 0; side < results.size(); ++side) {
    for (const Period& p : results[side].timeline) {
      using T = ServerObservation;
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
                          results.size() > 1 ? side_name(side) : "", cell(p.seconds), cell(p.asked), p.sent,
                          p.ok, p.errors, cell(p.p50), cell(p.p99), cell(p, &T::tasks),
                          cell(p, &T::tasks_leaked), cell(p, &T::contexts), cell(p, &T::timers),
                          cell(p, &T::heap_bytes), cell(p, &T::rss_bytes));
    }
  }
  return text;
}

}  // namespace loadgen
