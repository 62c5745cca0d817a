// SPDX-License-Identifier: BSL-1.0
#pragma once
// What one loop counts of the requests it served.
//
// Threads        written by the loop's thread alone; read from any (single-writer relaxed atomics, as
//                leash::Figure).
//
//   metrics.finished(Route::demo, MethodLabel::get, 200, Mode::fixed, elapsed);

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "leash/metrics.hpp"
#include "server/mode.hpp"

namespace server {

// The label `route`: bounded, whatever clients ask for.
enum class RouteLabel : std::uint8_t {
  demo,
  backend,
  echo,
  healthz,
  readyz,
  index,
  metrics,
  mode,
  debug_tasks,
  debug_leaks,
  debug_contexts,
  debug_reap,
  debug_history,
  other
};
inline constexpr std::array<std::string_view, 14> route_labels{
    "/demo",          "/backend", "/echo",        "/healthz",     "/readyz",         "/",
    "/metrics",       "/mode",    "/debug/tasks", "/debug/leaks", "/debug/contexts", "/debug/reap",
    "/debug/history", "other"};

enum class MethodLabel : std::uint8_t { get, head, post, put, other };
inline constexpr std::array<std::string_view, 5> method_labels{"GET", "HEAD", "POST", "PUT", "other"};

// The label `code`: the statuses that this server answers with; 499 is a client that went away.
inline constexpr std::array<int, 23> codes{200, 204, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417,
                                           422, 429, 431, 499, 500, 501, 502, 503, 504, 505, 0};

class HttpMetrics {
 public:
  void finished(RouteLabel route, MethodLabel method, int code, Mode mode,
                std::chrono::nanoseconds elapsed) noexcept;
  std::uint64_t answered() const noexcept;  // all routes, since the start

  struct Duration {
    std::array<leash::Figure, leash::Metrics::latency_bounds.size() + 1> buckets;
    leash::Figure nanoseconds;  // sum
  };

  leash::Figure requests[route_labels.size()][method_labels.size()][codes.size()][modes];
  Duration durations[route_labels.size()][modes];
  std::array<leash::Figure, route_labels.size()> deadline_exceeded;
  leash::Figure in_flight;
  leash::Figure connections;
  leash::Figure connections_total;
};

}  // namespace server
