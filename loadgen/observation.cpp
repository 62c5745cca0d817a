// SPDX-License-Identifier: BSL-1.0
#include "loadgen/observation.hpp"

#include <fmt/format.h>

#include <cmath>
#include <initializer_list>
#include <string_view>

namespace loadgen {
namespace {

// Takes figures from one scrape, and remembers the first one that is missing or not a number.
class Reader {
 public:
  explicit Reader(const Metrics& metrics) noexcept : metrics_(metrics) {}

  std::string error;

  double required(std::string_view name) {
    const auto sum = metrics_.sum(name);
    if (!sum && error.empty()) error = fmt::format("these are not metrics of leash: {} is missing", name);
    return checked(name, sum.value_or(0));
  }

  std::int64_t required_count(std::string_view name) { return std::llround(required(name)); }

  std::int64_t count(std::string_view name, std::initializer_list<Metrics::LabelIs> filter = {}) {
    return std::llround(checked(name, metrics_.sum(name, filter).value_or(0)));
  }

 private:
  double checked(std::string_view name, double value) {
    if (is_usable(value)) return value;
    if (error.empty()) error = fmt::format("the server's {} is not a usable number", name);
    return 0;
  }

  const Metrics& metrics_;
};

}  // namespace

bool is_usable(double value) noexcept { return std::abs(value) <= 9007199254740992.0; }

std::expected<ServerObservation, std::string> observe(const Metrics& metrics,
                                                      std::chrono::steady_clock::time_point at) {
  Reader read{metrics};
  std::optional<std::int64_t> requests;
  if (metrics.sum("http_requests_in_flight"))  // the total has no series before the first request
    requests = read.count("http_requests_total") - read.count("http_requests_total", {{"route", "/metrics"}});
  const ServerObservation seen{
      .at = at,
      .tasks =
          requests ? read.count("leash_tasks_live", {{"role", "request"}}) : read.count("leash_tasks_live"),
      .tasks_leaked = read.count("leash_tasks_leaked"),
      .tasks_reaped = read.count("leash_tasks_finished_total", {{"outcome", "reaped"}}),
      .contexts = read.required_count("leash_contexts_live") + read.required_count("leash_contexts_held"),
      .timers = read.required_count("leash_timers_armed"),
      .connections = read.count("http_connections"),
      .rss_bytes = read.count("process_resident_memory_bytes"),
      .heap_bytes = read.count("process_heap_bytes"),
      .requests = requests,
      .demo_requests = read.count("http_requests_total", {{"route", "/demo"}}),
      .start_time = read.required("process_start_time_seconds"),
  };
  if (!read.error.empty()) return std::unexpected{read.error};
  return seen;
}

}  // namespace loadgen
