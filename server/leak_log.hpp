// SPDX-License-Identifier: BSL-1.0
#pragma once
// Logs leaks: after a kill for lack of memory, the log may be all that is left of a container.
//
// What it is     look() compares the metrics of the loops with those of the previous call. It logs one line per site at its
//                first leaked task or outlived context, and again at ten, a hundred and so on; and one line for each
//                site whose leaked tasks were reaped since.
// Guarantees     reads metrics only, so it works while loops are stuck.
// Threads        one.
//
//   server::LeakLog leaks(server::log_event);
//   leaks.look(workers);  // periodically: event="tasks have leaked" site=... wait="chan receive" leaked=10 now=10

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "http/server/log_event.hpp"
#include "leash/metrics.hpp"

namespace server {

// Totals over all sites and loops.
struct LeakTotals {
  std::uint64_t leaked = 0;    // leaked tasks, now
  std::uint64_t outlived = 0;  // outlived contexts, now
  std::uint64_t reaped = 0;    // leaked tasks that were reaped, since the start
  bool any() const noexcept { return leaked != 0 || outlived != 0 || reaped != 0; }
};

using MetricsOfLoops = std::vector<std::shared_ptr<const leash::Metrics>>;

LeakTotals leak_totals(const MetricsOfLoops& loops) noexcept;

class LeakLog {
 public:
  explicit LeakLog(http::server::LogFunction log) : log_(std::move(log)) {}

  // Returns how many leaked tasks were reaped since the last call.
  std::uint64_t look(const MetricsOfLoops& loops);

 private:
  struct Seen {
    std::uint64_t leaks = 0;
    std::uint64_t outlived = 0;
    std::uint64_t reaped = 0;
  };
  http::server::LogFunction log_;
  std::map<std::string, Seen> sites_;
};

}  // namespace server
