// SPDX-License-Identifier: BSL-1.0
#include "inspector/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <asio/version.hpp>
#include <sstream>

#include "leash/families.hpp"
#include "leash/loops.hpp"
#include "leash/metrics.hpp"
#include "leash/prometheus.hpp"
#include "leash/version.hpp"
#include "process/memory_limit.hpp"
#include "process/process.hpp"

namespace inspector {
namespace {

using leash::families::add;
using leash::families::Families;
using leash::families::family;
using prometheus::MetricType;

void append_loops(Families& families, const LoopProbes& probes) {
  families.push_back(
      family("leash_loop_lag_seconds",
             "How long a loop took to answer the last probe, or has not answered the pending one.",
             MetricType::Gauge));
  for (const LoopProbes::Lag& lag : probes.lags()) {
    add(families.back(), {{"loop", lag.loop}}, std::chrono::duration<double>(lag.time).count());
  }
  families.push_back(family(
      "leash_loop_stalls_total",
      "Turns of a loop, and handlers of tracked coroutines, that lasted longer than the threshold, by the "
      "site of the task or coroutine that ran.",
      MetricType::Counter));
  for (const auto& [site, count] : probes.stalls()) {
    add(families.back(), {{"site", site}}, static_cast<double>(count));
  }
  families.push_back(family("leash_build_info",
                            "Always 1; the labels have the versions of leash, the compiler and Asio.",
                            MetricType::Gauge));
  add(families.back(),
      {{"version", LEASH_VERSION},
       {"compiler", LEASH_COMPILER},
       {"asio",
        fmt::format("{}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100)}},
      1);
}

void append_process(Families& families) {
  const process::Metrics now = process::metrics();
  const auto one = [&](std::string name, std::string help, MetricType type, double value) {
    families.push_back(family(std::move(name), std::move(help), type));
    add(families.back(), {}, value);
  };
  one("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
      static_cast<double>(now.resident_bytes));
  one("process_memory_limit_bytes",
      "Memory limit of the process: that of its control groups, or the machine's memory.", MetricType::Gauge,
      static_cast<double>(process::memory_limit_bytes()));
  one("process_heap_bytes", "Heap memory in use, of malloc and the frame pools.", MetricType::Gauge,
      static_cast<double>(now.heap_bytes + leash::frame_pool_usage().used_bytes));
  one("process_open_fds", "Open file descriptors.", MetricType::Gauge, static_cast<double>(now.open_fds));
  one("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
      static_cast<double>(now.max_fds));
  one("process_threads", "Threads of the process.", MetricType::Gauge, static_cast<double>(now.threads));
  one("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, now.cpu_seconds);
  one("process_start_time_seconds", "Start time of the process, in seconds since 1970.", MetricType::Gauge,
      now.start_time_seconds);
}

}  // namespace

std::string render_metrics(const LoopProbes& probes, const AppendFamilies& of_program) {
  leash::MetricsOfLoops loops;
  for (const leash::RemoteLoop& loop : leash::all_loops()) loops.push_back(loop.metrics());
  Families families = leash::prometheus_families(loops, std::chrono::steady_clock::now());
  append_loops(families, probes);
  append_process(families);
  if (of_program) of_program(families);
  // A family without a metric would be written as a name without a value.
  std::erase_if(families, [](const auto& each) { return each.metric.empty(); });
  std::ostringstream text;
  text.exceptions(std::ios::badbit);  // out of memory, the text would be cut off silently
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace inspector
