// SPDX-License-Identifier: BSL-1.0
#pragma once
// Says in the log what leaks: in a container that is all there is after a kill for want of memory.
//
// What it is     look() compares the metrics of the loops with what they were, and logs one line for each site at its first
//                leaked task or outlived context, and again when ten, a hundred, ... have; and one for each site of
//                which leaked tasks were reaped since.
// Guarantees     reads metrics only: works while loops are stuck.
// Threads        one.
//
//   server::LeakLog leaks(server::log_event);
//   leaks.look(workers);  // now and then: event="tasks have leaked" site=... wait="chan receive" leaked=10 now=10

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

// Over all sites and loops.
struct LeakTotals {
  std::uint64_t leaked = 0;    // tasks, now
  std::uint64_t outlived = 0;  // contexts, now
  std::uint64_t reaped = 0;    // leaked tasks, ever
  bool any() const noexcept { return leaked != 0 || outlived != 0 || reaped != 0; }
};

using MetricsOfLoops = std::vector<std::shared_ptr<const leash::Metrics>>;

LeakTotals leak_totals(const MetricsOfLoops& loops) noexcept;

class LeakLog {
 public:
  explicit LeakLog(http::server::LogFunction log) : log_(std::move(log)) {}

  // How many leaked tasks were reaped since the last look.
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
