// SPDX-License-Identifier: BSL-1.0
#pragma once
// The fields of a report and their names in JSON: one description for writing, reading and adding up.
//
// Threads        any; there is no state.
//
//   loadgen::for_each_field<loadgen::RequestCounts>([&](const auto& field) { use(field.name, counts.*field.member); });

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "loadgen/report/conclusion.hpp"
#include "loadgen/report/report.hpp"
#include "units/duration.hpp"

namespace loadgen {

using Json = nlohmann::ordered_json;

// A member and its name.
template <class Owner, class Member>
struct Field {
  const char* name;
  Member Owner::*member;
};

// An object that contains some members of the owner.
template <class... Fields>
struct Nested {
  const char* name;
  std::tuple<Fields...> fields;
};

// A value that is computed from others: written, but not read.
template <class Owner>
struct Derived {
  const char* name;
  Json (*value)(const Owner&);
};

constexpr auto fields_of(const RequestCounts*) {
  using T = RequestCounts;
  return std::tuple(Field{"sent", &T::sent}, Field{"ok", &T::ok}, Field{"errors", &T::errors},
                    Field{"aborted", &T::aborted}, Field{"refused", &T::refused},
                    Field{"bytes_sent", &T::bytes_sent}, Field{"bytes_received", &T::bytes_received},
                    Field{"by_status", &T::by_status}, Field{"by_error", &T::by_error});
}

constexpr auto fields_of(const OwnLimits*) {
  using T = OwnLimits;
  return std::tuple(Field{"no_descriptors", &T::no_descriptors}, Field{"no_ports", &T::no_ports},
                    Field{"waited", &T::waited}, Field{"held_up_seconds", &T::held_up},
                    Field{"processor_share", &T::processor_share}, Field{"stopped", &T::stopped});
}

constexpr auto fields_of(const ServerObservation*) {
  using T = ServerObservation;
  return std::tuple(
      Field{"tasks", &T::tasks}, Field{"leaked", &T::tasks_leaked}, Field{"reaped", &T::tasks_reaped},
      Field{"contexts", &T::contexts}, Field{"timers", &T::timers}, Field{"connections", &T::connections},
      Field{"rss_bytes", &T::rss_bytes}, Field{"heap_bytes", &T::heap_bytes}, Field{"requests", &T::requests},
      Field{"demo_requests", &T::demo_requests}, Field{"start_time", &T::start_time});
}

constexpr auto fields_of(const ThresholdOutcome*) {
  using T = ThresholdOutcome;
  return std::tuple(Field{"threshold", &T::text}, Field{"value", &T::value}, Field{"shown", &T::shown},
                    Field{"met", &T::met});
}

constexpr auto fields_of(const Period*) {
  using T = Period;
  return std::tuple(Field{"seconds", &T::seconds}, Field{"asked", &T::asked}, Field{"sent", &T::sent},
                    Field{"ok", &T::ok}, Field{"errors", &T::errors}, Field{"p50", &T::p50},
                    Field{"p99", &T::p99}, Field{"server", &T::seen});
}

constexpr auto fields_of(const Evidence*) {
  using T = Evidence;
  return std::tuple(Field{"wanted", &T::wanted}, Field{"settled", &T::settled},
                    Field{"drain_timeout_seconds", &T::drain_timeout},
                    Field{"requests_sent", &T::requests_sent}, Field{"responses", &T::responses},
                    Field{"measured", &T::measured}, Field{"succeeded", &T::succeeded},
                    Field{"unreachable", &T::unreachable}, Field{"scrape_error", &T::scrape_error},
                    Field{"before", &T::before}, Field{"after", &T::after});
}

template <Histogram RunResult::*member>
Json latency_json(const RunResult& result) {
  const Histogram& latency = result.*member;
  Json json = Json::object();
  constexpr std::array quantiles{std::pair{"p50", 0.5}, std::pair{"p90", 0.9}, std::pair{"p95", 0.95},
                                 std::pair{"p99", 0.99}, std::pair{"p999", 0.999}};
  for (const auto& [name, quantile] : quantiles)
    json[name] = units::to_seconds(latency.at_quantile(quantile));
  json["max"] = units::to_seconds(latency.max());
  json["min"] = units::to_seconds(latency.min());
  json["mean"] = units::to_seconds(latency.mean());
  return json;
}

inline Json server_json(const RunResult& result) {
  const auto& [before, after] = std::tie(result.evidence.before, result.evidence.after);
  const auto of = [](const std::optional<ServerObservation>& seen, std::int64_t ServerObservation::*figure) {
    return seen ? Json((*seen).*figure) : Json(nullptr);
  };
  const auto or_null = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  using T = ServerObservation;
  return {{"requests_seen", result.judgement.requests_seen},
          {"tasks_before", of(before, &T::tasks)},
          {"tasks_after_drain", of(after, &T::tasks)},
          {"leaked_after_drain", of(after, &T::tasks_leaked)},
          {"reaped", result.judgement.tasks_reaped},
          {"leaked_per_request", or_null(result.judgement.leaked_per_request)},
          {"contexts_before", of(before, &T::contexts)},
          {"contexts_after_drain", of(after, &T::contexts)},
          {"timers_before", of(before, &T::timers)},
          {"timers_after_drain", of(after, &T::timers)},
          {"bytes_per_request", or_null(result.judgement.bytes_per_request)},
          {"rss_before_bytes", of(before, &T::rss_bytes)},
          {"rss_after_bytes", of(after, &T::rss_bytes)},
          {"restarts", result.judgement.restarts}};
}

constexpr auto fields_of(const RunResult*) {
  using T = RunResult;
  const auto derived = [](const char* name, Json (*value)(const T&)) { return Derived<T>{name, value}; };
  return std::tuple(
      Field{"id", &T::id}, Field{"target", &T::target}, Field{"metrics", &T::metrics},
      Field{"mode", &T::mode}, Field{"plan", &T::plan}, Field{"started_at", &T::started_at},
      Field{"warmup_seconds", &T::warmup}, Field{"elapsed_seconds", &T::elapsed}, Field{"runs", &T::runs},
      derived("exit_status",
              [](const T& r) {
                return Json(conclude({&r, 1}).exit_status);
              }),
      derived("headline",
              [](const T& r) {
                return Json(conclude({&r, 1}).headline());
              }),
      derived("verdict", [](const T& r) { return Json(to_string(r.judgement.verdict)); }),
      derived("reason", [](const T& r) { return Json(r.judgement.reason); }), Field{"requests", &T::requests},
      derived("latency_seconds", latency_json<&T::latency>),
      derived("ok_latency_seconds", latency_json<&T::ok_latency>),
      derived("in_line_seconds", latency_json<&T::in_line>),
      derived("service_seconds", latency_json<&T::service>),
      Nested{"rate", std::tuple(Field{"asked", &T::rate_asked}, Field{"reached", &T::rate_reached},
                                Field{"unsent", &T::unsent})},
      Field{"load_generator", &T::own}, derived("server", server_json), Field{"thresholds", &T::thresholds},
      Field{"notes", &T::notes}, Field{"leaks", &T::leaks}, Field{"timeline", &T::timeline},
      Field{"evidence", &T::evidence}, Field{"latency_histogram", &T::latency},
      Field{"ok_latency_histogram", &T::ok_latency}, Field{"in_line_histogram", &T::in_line},
      Field{"service_histogram", &T::service});
}

template <class T>
concept Described = requires(const T* value) {
  fields_of(value);
};

template <class T, class Function>
void for_each_field(Function function) {
  std::apply([&](const auto&... field) { (function(field), ...); },
             fields_of(static_cast<const T*>(nullptr)));
}

}  // namespace loadgen
