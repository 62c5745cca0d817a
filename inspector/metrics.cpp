// SPDX-License-Identifier: BSL-1.0
#include "inspector/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <asio/version.hpp>
#include <sstream>

#include "leash/families.hpp"
#include "leash/prometheus.hpp"
#include "process/memory_limit.hpp"
#include "process/process.hpp"

namespace server {
namespace {

using leash::families::add;
using leash::families::add_histogram;
using leash::families::Families;
using leash::families::family;
using prometheus::MetricType;

double sum(const Workers& workers, const leash::Figure HttpMetrics::*figure) {
  std::uint64_t total = 0;
  for (const auto& worker : workers) total += (worker->http_metrics().*figure).get();
  return static_cast<double>(total);
}

void append_http(Families& families, const Workers& workers) {
  families.push_back(family("http_requests_in_flight", "Requests being served.", MetricType::Gauge));
  add(families.back(), {}, sum(workers, &HttpMetrics::in_flight));
  families.push_back(family("http_connections", "Client connections open.", MetricType::Gauge));
  add(families.back(), {}, sum(workers, &HttpMetrics::connections));
  families.push_back(family("http_connections_total", "Client connections accepted.", MetricType::Counter));
  add(families.back(), {}, sum(workers, &HttpMetrics::connections_total));

  auto requests = family("http_requests_total", "Requests answered; code 499: the client went away.",
                         MetricType::Counter);
  auto durations =
      family("http_request_duration_seconds", "From a complete head to the response.", MetricType::Histogram);
  auto exceeded =
      family("http_deadline_exceeded_total", "Requests whose deadline passed.", MetricType::Counter);
  for (std::size_t r = 0; r < route_labels.size(); ++r) {
    const std::string route(route_labels[r]);
    double late = 0;
    for (const auto& worker : workers) {
      late += static_cast<double>(worker->http_metrics().deadline_exceeded[r].get());
    }
    add(exceeded, {{"route", route}}, late);
    for (std::size_t mode = 0; mode < modes; ++mode) {
      const std::string mode_name(to_string(static_cast<Mode>(mode)));
      for (std::size_t method = 0; method < method_labels.size(); ++method) {
        for (std::size_t c = 0; c < codes.size(); ++c) {
          std::uint64_t count = 0;
          for (const auto& worker : workers)
            count += worker->http_metrics().requests[r][method][c][mode].get();
          if (count == 0) continue;
          add(requests,
              {{"route", route},
               {"method", std::string(method_labels[method])},
               {"code", codes[c] == 0 ? "other" : std::to_string(codes[c])},
               {"mode", mode_name}},
              static_cast<double>(count));
        }
      }
      std::array<std::uint64_t, leash::Metrics::latency_bounds.size() + 1> counts{};
      std::uint64_t any = 0;
      std::uint64_t nanoseconds = 0;
      for (const auto& worker : workers) {
        const HttpMetrics::Duration& duration = worker->http_metrics().durations[r][mode];
        for (std::size_t i = 0; i < counts.size(); ++i) any += counts[i] += duration.buckets[i].get();
        nanoseconds += duration.nanoseconds.get();
      }
      if (any == 0) continue;
      add_histogram(durations, {{"route", route}, {"mode", mode_name}}, leash::Metrics::latency_bounds,
                    counts, 1e-9 * static_cast<double>(nanoseconds));
    }
  }
  families.push_back(std::move(requests));
  families.push_back(std::move(durations));
  families.push_back(std::move(exceeded));
}

void append_server(Families& families, const Shared& shared, const LoopProbes& probes) {
  families.push_back(family("leash_loop_lag_seconds", "How long a loop takes to answer, or has not answered.",
                            MetricType::Gauge));
  for (const LoopProbes::Lag& lag : probes.lags()) {
    add(families.back(), {{"loop", lag.loop}}, std::chrono::duration<double>(lag.time).count());
  }
  families.push_back(family("leash_server_mode", "1 for the mode the server is in.", MetricType::Gauge));
  const Mode current = shared.mode.load(std::memory_order_relaxed);
  for (const Mode mode : {Mode::fixed, Mode::leaky}) {
    add(families.back(), {{"mode", std::string(to_string(mode))}}, mode == current ? 1 : 0);
  }
  families.push_back(family("leash_leak_limit_reached",
                            "1 while leaky requests are refused to save the machine.", MetricType::Gauge));
  add(families.back(), {}, shared.leak_limit_reached.load(std::memory_order_relaxed) ? 1 : 0);
  families.push_back(family("leash_build_info", "Always 1; the labels say what this is.", MetricType::Gauge));
  add(families.back(),
      {{"version", LEASH_VERSION},
       {"compiler", LEASH_COMPILER},
       {"asio", std::to_string(ASIO_VERSION / 100000) + "." + std::to_string(ASIO_VERSION / 100 % 1000) +
                    "." + std::to_string(ASIO_VERSION % 100)}},
      1);
}

void append_process(Families& families) {
  const ProcessMetrics process = process_metrics();
  const auto one = [&](std::string name, std::string help, MetricType type, double value) {
    families.push_back(family(std::move(name), std::move(help), type));
    add(families.back(), {}, value);
  };
  one("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
      static_cast<double>(process.resident_bytes));
  one("process_memory_limit_bytes", "Memory the process may have: its control groups', or the machine's.",
      MetricType::Gauge, static_cast<double>(memory_limit_bytes()));
  one("process_heap_bytes", "Memory in use, by malloc and by the frame pools.", MetricType::Gauge,
      static_cast<double>(process.heap_bytes));
  one("process_open_fds", "Open file descriptors.", MetricType::Gauge, static_cast<double>(process.open_fds));
  one("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
      static_cast<double>(process.max_fds));
  one("process_threads", "Threads of the process.", MetricType::Gauge, static_cast<double>(process.threads));
  one("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, process.cpu_seconds);
  one("process_start_time_seconds", "Start of the process, since the epoch.", MetricType::Gauge,
      process.start_time_seconds);
}

}  // namespace

std::string render_metrics(const Shared& shared, const Workers& workers, const LoopProbes& probes) {
  leash::MetricsOfLoops loops;
  for (const auto& worker : workers) loops.push_back(worker->loop().metrics());
  Families families = leash::prometheus_families(loops, std::chrono::steady_clock::now());
  append_http(families, workers);
  append_server(families, shared, probes);
  append_process(families);
  // A family without a metric would be a name without a value.
  std::erase_if(families, [](const auto& each) { return each.metric.empty(); });
  std::ostringstream text;
  text.exceptions(std::ios::badbit);  // without memory it would be cut off
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace server
