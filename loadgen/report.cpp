#include "loadgen/report.hpp"

#include <nlohmann/json.hpp>

namespace loadgen {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json or_null(const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*figure) {
  return seen ? Json((*seen).*figure) : Json(nullptr);
}

double seconds(std::chrono::nanoseconds value) { return std::chrono::duration<double>(value).count(); }

Json requests_json(const RequestCounts& requests) {
  Json by_status = Json::object();
  for (const auto& [status, count] : requests.by_status) by_status[std::to_string(status)] = count;
  return {{"sent", requests.sent},       {"ok", requests.ok},           {"errors", requests.errors},
          {"aborted", requests.aborted}, {"refused", requests.refused}, {"by_status", std::move(by_status)}};
}

Json latency_json(const Histogram& latency) {
  return {{"p50", seconds(latency.at_quantile(0.5))},
          {"p90", seconds(latency.at_quantile(0.9))},
          {"p99", seconds(latency.at_quantile(0.99))},
          {"p999", seconds(latency.at_quantile(0.999))},
          {"max", seconds(latency.max())}};
}

Json server_json(const Evidence& evidence, const Judgement& judgement) {
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

// Without the schema, which the outermost object has.
Json run_json(const RunResult& result) {
  return {{"target", result.target},
          {"mode", result.mode.empty() ? Json(nullptr) : Json(result.mode)},
          {"requests", requests_json(result.requests)},
          {"latency_seconds", latency_json(result.latency)},
          {"rate", {{"asked", or_null(result.rate_asked)}, {"reached", result.rate_reached}}},
          {"server", server_json(result.evidence, result.judgement)},
          {"verdict", to_string(result.judgement.verdict)},
          {"reason", result.judgement.reason}};
}

}  // namespace

Json to_json(const RunResult& result) {
  Json report{{"schema", 1}};
  report.update(run_json(result));
  return report;
}

Json to_json(const RunResult& fixed, const RunResult& leaky) {
  return {{"schema", 1}, {"fixed", run_json(fixed)}, {"leaky", run_json(leaky)}};
}

}  // namespace loadgen
