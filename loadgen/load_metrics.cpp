// SPDX-License-Identifier: BSL-1.0
#include "loadgen/load_metrics.hpp"

#include <prometheus/text_serializer.h>

#include <array>
#include <sstream>
#include <utility>

#include "leash/families.hpp"
#include "leash/metrics.hpp"
#include "process/process.hpp"
#include "units/duration.hpp"

namespace loadgen {
namespace {

using leash::families::add;
using leash::families::add_histogram;
using leash::families::Families;
using leash::families::family;
using leash::families::Labels;
using prometheus::MetricType;

// The same bounds as the server's, so that both histograms can be compared.
constexpr auto bounds = leash::Metrics::latency_bounds;

Labels labels_of(const LoadMetrics::Side& side) {
  Labels labels{{"target", side.target}};
  if (!side.side.empty()) labels.emplace_back("side", side.side);
  return labels;
}

Labels with(Labels labels, std::string name, std::string value) {
  labels.emplace_back(std::move(name), std::move(value));
  return labels;
}

void add_latency(prometheus::MetricFamily& to, const Labels& labels, const Histogram& latency) {
  std::array<std::uint64_t, bounds.size() + 1> counts{};
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const std::uint64_t up_to = latency.count_at_most(units::from_seconds(bounds[i]));
    counts[i] = up_to - below;
    below = up_to;
  }
  counts.back() = latency.count() - below;
  add_histogram(to, labels, bounds, counts, units::to_seconds(latency.sum()));
}

void append_requests(Families& families, const std::vector<LoadMetrics::Side>& sides) {
  auto sent = family("leash_load_requests_sent_total", "Requests sent, without second attempts.",
                     MetricType::Counter);
  auto finished = family("leash_load_requests_total", "Requests finished, by outcome.", MetricType::Counter);
  auto refused =
      family("leash_load_requests_refused_total",
             "Attempts whose connection was reset before a byte of a response.", MetricType::Counter);
  auto responses =
      family("leash_load_responses_total", "Responses received, by status.", MetricType::Counter);
  auto own = family("leash_load_own_limit_total",
                    "Requests that were not sent, or had to wait, because of a limit of the load generator.",
                    MetricType::Counter);
  auto held_up =
      family("leash_load_held_up_seconds", "Longest delay of the load generator itself.", MetricType::Gauge);
  auto latency = family("leash_load_request_duration_seconds",
                        "Time from when a request was due until its response was complete or it timed out.",
                        MetricType::Histogram);
  for (const auto& side : sides) {
    const Labels target = labels_of(side);
    add(sent, target, static_cast<double>(side.requests.sent));
    add(refused, target, static_cast<double>(side.requests.refused));
    const auto outcome = [&](std::string name, std::int64_t count) {
      add(finished, with(target, "outcome", std::move(name)), static_cast<double>(count));
    };
    outcome("ok", side.requests.ok);
    outcome("error", side.requests.errors);
    outcome("aborted", side.requests.aborted);
    for (const auto& [status, count] : side.requests.by_status) {
      add(responses, with(target, "code", status), static_cast<double>(count));
    }
    add(own, with(target, "limit", "descriptors"), static_cast<double>(side.own.no_descriptors));
    add(own, with(target, "limit", "ports"), static_cast<double>(side.own.no_ports));
    add(own, with(target, "limit", "connections"), static_cast<double>(side.own.waited));
    add(held_up, target, units::to_seconds(side.own.held_up));
    add_latency(latency, target, side.latency);
  }
  for (auto* each : {&sent, &finished, &refused, &responses, &own, &held_up, &latency})
    families.push_back(std::move(*each));
}

void append_state(Families& families, const LoadMetrics& figures) {
  const auto gauge = [&](std::string name, std::string help, auto value) {
    auto& gauges = families.emplace_back(family(std::move(name), std::move(help), MetricType::Gauge));
    for (const auto& side : figures.sides) add(gauges, labels_of(side), static_cast<double>(value(side)));
  };
  using Side = LoadMetrics::Side;
  gauge("leash_load_requests_in_flight", "Requests sent and not yet finished.",
        [](const Side& s) { return s.now.in_flight; });
  gauge("leash_load_requests_in_line", "Requests that are due and wait for a connection.",
        [](const Side& s) { return s.now.in_line; });
  gauge("leash_load_connections", "Connections open.", [](const Side& s) { return s.now.connections; });
  gauge("leash_load_rate_asked", "Requests per second to send now; 0 in a closed loop.",
        [](const Side& s) { return s.now.rate_asked; });
  auto& phases = families.emplace_back(
      family("leash_load_phase", "1 for the current phase, 0 for the others.", MetricType::Gauge));
  constexpr std::array names{"starting", "warmup", "load", "drain"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    add(phases, {{"phase", names[i]}}, static_cast<std::size_t>(figures.phase) == i ? 1 : 0);
  }
}

void append_process(Families& families) {
  const process::Metrics process = process::metrics();
  const auto one = [&](std::string name, std::string help, MetricType type, double value) {
    add(families.emplace_back(family(std::move(name), std::move(help), type)), {}, value);
  };
  one("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
      static_cast<double>(process.resident_bytes));
  one("process_open_fds", "Open file descriptors.", MetricType::Gauge, static_cast<double>(process.open_fds));
  one("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
      static_cast<double>(process.max_fds));
  one("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, process.cpu_seconds);
  one("process_start_time_seconds", "Start time of the process, in seconds since 1970.", MetricType::Gauge,
      process.start_time_seconds);
}

}  // namespace

std::string render_metrics(const LoadMetrics& figures) {
  Families families;
  append_requests(families, figures.sides);
  append_state(families, figures);
  append_process(families);
  // A family without a metric would be written as a name without a value.
  std::erase_if(families, [](const auto& each) { return each.metric.empty(); });
  std::ostringstream text;
  text.exceptions(std::ios::badbit);  // out of memory, the text would be cut off silently
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace loadgen
