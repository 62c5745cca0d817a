// SPDX-License-Identifier: BSL-1.0
#pragma once
// The figures of a leash server in one scrape of its /metrics.
//
// Requires       nothing.
// Guarantees     all figures are from the same scrape; metrics of another kind of server are an error of one sentence. A
//                series by site that does not exist yet counts as 0.
// Threads        any.
// Lifetime       a value.
//
//   auto seen = loadgen::observe(*metrics, std::chrono::steady_clock::now());
//   if (seen) std::cout << seen->tasks_leaked;

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "loadgen/metrics_text.hpp"

namespace loadgen {

struct ServerObservation {
  std::chrono::steady_clock::time_point at;  // time of the scrape, by this machine's clock
  // Live tasks and coroutines: those of requests, or all tasks of a process without request metrics.
  std::int64_t tasks = 0;
  std::int64_t tasks_leaked = 0;  // orphans older than the grace
  std::int64_t tasks_reaped = 0;  // ended by force, since the process started
  std::int64_t contexts = 0;      // live ones, and done ones that are still referenced
  std::int64_t timers = 0;        // armed deadlines
  std::int64_t connections = 0;   // open ones, of all clients
  std::int64_t rss_bytes = 0;
  std::int64_t heap_bytes = 0;
  std::optional<std::int64_t> requests =
      0;  // answered since the process started, without scrapes; nothing: not counted
  std::int64_t demo_requests = 0;  // of these, requests of /demo
  double start_time = 0;           // seconds since 1970; it differs after a restart
};

// Whether the value converts to a whole number: not NaN and not too large.
bool is_usable(double value) noexcept;

std::expected<ServerObservation, std::string> observe(const Metrics& metrics,
                                                      std::chrono::steady_clock::time_point at);

}  // namespace loadgen
