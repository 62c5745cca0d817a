// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/report.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

namespace loadgen {
namespace {

using OrderedJson = nlohmann::ordered_json;

template <class T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson or_null(const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*figure) {
  return seen ? OrderedJson((*seen).*figure) : OrderedJson(nullptr);
}

double seconds(std::chrono::nanoseconds value) { return std::chrono::duration<double>(value).count(); }

OrderedJson requests_json(const RequestCounts& requests) {
  OrderedJson by_status = OrderedJson::object();
  for (const auto& [status, count] : requests.by_status) by_status[std::to_string(status)] = count;
  OrderedJson by_error = OrderedJson::object();
  for (const auto& [error, count] : requests.by_error) by_error[error] = count;
  return {{"sent", requests.sent},          {"ok", requests.ok},
          {"errors", requests.errors},      {"aborted", requests.aborted},
          {"refused", requests.refused},    {"by_status", std::move(by_status)},
          {"by_error", std::move(by_error)}};
}

OrderedJson latency_json(const Histogram& latency) {
  return {{"p50", seconds(latency.at_quantile(0.5))},
          {"p90", seconds(latency.at_quantile(0.9))},
          {"p99", seconds(latency.at_quantile(0.99))},
          {"p999", seconds(latency.at_quantile(0.999))},
          {"max", seconds(latency.max())},
          {"min", seconds(latency.min())},
          {"mean", seconds(latency.mean())}};
}

OrderedJson server_json(const Evidence& evidence, const Judgement& judgement) {
  const auto& before = evidence.before;
  const auto& after = evidence.after;
  return {{"requests_seen", judgement.requests_seen},
          {"tasks_before", or_null(before, &ServerObservation::tasks)},
          {"tasks_after_drain", or_null(after, &ServerObservation::tasks)},
          {"leaked_after_drain", or_null(after, &ServerObservation::tasks_leaked)},
          {"leaked_per_request", or_null(judgement.leaked_per_request)},
          {"contexts_before", or_null(before, &ServerObservation::contexts)},
          {"contexts_after_drain", or_null(after, &ServerObservation::contexts)},
          {"timers_before", or_null(before, &ServerObservation::timers)},
          {"timers_after_drain", or_null(after, &ServerObservation::timers)},
          {"bytes_per_request", or_null(judgement.bytes_per_request)},
          {"rss_before_bytes", or_null(before, &ServerObservation::rss_bytes)},
          {"rss_after_bytes", or_null(after, &ServerObservation::rss_bytes)},
          {"restarts", judgement.restarts}};
}

OrderedJson thresholds_json(const std::vector<ThresholdOutcome>& thresholds) {
  OrderedJson all = OrderedJson::array();
  for (const auto& each : thresholds) {
    OrderedJson one{
        {"threshold", each.text}, {"value", or_null(each.value)}, {"shown", each.shown}, {"met", each.met}};
    all.push_back(std::move(one));
  }
  return all;
}

OrderedJson observation_json(const std::optional<ServerObservation>& seen) {
  if (!seen) return nullptr;
  return {{"tasks", seen->tasks},
          {"leaked", seen->tasks_leaked},
          {"contexts", seen->contexts},
          {"timers", seen->timers},
          {"connections", seen->connections},
          {"rss_bytes", seen->rss_bytes},
          {"heap_bytes", seen->heap_bytes},
          {"requests", seen->counts_requests ? OrderedJson(seen->requests) : OrderedJson(nullptr)},
          {"demo_requests", seen->demo_requests},
          {"start_time", seen->start_time}};
}

OrderedJson timeline_json(const std::vector<Moment>& timeline) {
  OrderedJson all = OrderedJson::array();
  for (const Moment& moment : timeline) {
    OrderedJson one{{"seconds", moment.seconds},  {"asked", or_null(moment.asked)},
                    {"sent", moment.sent},        {"ok", moment.ok},
                    {"errors", moment.errors},    {"p50", or_null(moment.p50)},
                    {"p99", or_null(moment.p99)}, {"server", observation_json(moment.seen)}};
    all.push_back(std::move(one));
  }
  return all;
}

OrderedJson evidence_json(const Evidence& evidence) {
  return {{"wanted", evidence.wanted},
          {"settled", evidence.settled},
          {"drain_timeout_seconds", seconds(evidence.drain_timeout)},
          {"requests_sent", evidence.requests_sent},
          {"responses", evidence.responses},
          {"scrape_error", or_null(evidence.scrape_error)},
          {"before", observation_json(evidence.before)},
          {"after", observation_json(evidence.after)}};
}

OrderedJson histogram_json(const Histogram& histogram) {
  const auto counts = histogram.to_counts();
  OrderedJson buckets = OrderedJson::array();
  for (const auto& [from, count] : counts.buckets) buckets.push_back(OrderedJson::array({from, count}));
  return {{"count", histogram.count()},    {"sum", counts.sum},
          {"min", counts.min.count()},     {"max", counts.max.count()},
          {"saturated", counts.saturated}, {"buckets", std::move(buckets)}};
}

OrderedJson rate_json(const RunResult& result) {
  return {{"asked", or_null(result.rate_asked)}, {"reached", result.rate_reached}, {"unsent", result.unsent}};
}

// Without the schema, which the outermost object has.
OrderedJson run_json(const RunResult& result) {
  return {{"target", result.target},
          {"metrics", or_null(result.metrics)},
          {"mode", or_null(result.mode)},
          {"plan", result.plan},
          {"started_at", format_time(result.started_at)},
          {"warmup_seconds", seconds(result.warmup)},
          {"elapsed_seconds", seconds(result.elapsed)},
          {"runs", result.runs},
          {"requests", requests_json(result.requests)},
          {"latency_seconds", latency_json(result.latency)},
          {"rate", rate_json(result)},
          {"server", server_json(result.evidence, result.judgement)},
          {"thresholds", thresholds_json(result.thresholds)},
          {"verdict", to_string(result.judgement.verdict)},
          {"reason", result.judgement.reason},
          {"notes", result.notes},
          {"timeline", timeline_json(result.timeline)},
          {"evidence", evidence_json(result.evidence)},
          {"latency_histogram", histogram_json(result.latency)}};
}

// What servers say may be no UTF-8.
std::string on_one_line(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

void append_text(std::string& out, const OrderedJson& value, std::size_t indent) {
  const std::string margin(indent + 2, ' ');
  const bool lines = value.is_object() || (value.is_array() && !value.empty() && value[0].is_object());
  if (!lines || value.empty()) {
    out += on_one_line(value);
    return;
  }
  out += value.is_object() ? "{" : "[";
  std::string_view separator = "\n";
  for (const auto& [name, each] : value.items()) {
    out += separator;
    out += margin;
    if (value.is_object()) {
      out += on_one_line(name) + ": ";
      append_text(out, each, indent + 2);
    } else {
      out += on_one_line(each);
    }
    separator = ",\n";
  }
  out += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

}  // namespace

double share_of_rate(const RunResult& result) noexcept {
  const double share = result.rate_reached / *result.rate_asked;
  const double due = *result.rate_asked * std::chrono::duration<double>(result.elapsed).count();
  // So much is due with a fraction, of which there is no request: less than one for each run.
  const bool all_sent = result.unsent == 0 &&
                        due - static_cast<double>(result.requests.sent) < static_cast<double>(result.runs);
  return all_sent ? std::max(share, 1.0) : share;
}

OrderedJson to_json(const RunResult& result) {
  OrderedJson report{{"schema", 1}};
  report.update(run_json(result));
  return report;
}

OrderedJson to_json(const RunResult& fixed, const RunResult& leaky) {
  return {{"schema", 1}, {"fixed", run_json(fixed)}, {"leaky", run_json(leaky)}};
}

std::string to_text(const OrderedJson& report) {
  std::string text;
  append_text(text, report, 0);
  return text + "\n";
}

std::string format_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds_since_1970 = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds_since_1970, &utc);
  std::array<char, 32> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

}  // namespace loadgen
