// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load, and its report as JSON.
//
// Requires       for compare: both results are of loads of the same shape.
// Guarantees     schema 1: the fields below, in this order; what is not known is null. Times in seconds, but in
//                the histogram: there, nanoseconds, so that report_reader.hpp finds the histogram exactly as it
//                was. Fields may be added to it; none changes its meaning.
// Threads        any.
// Lifetime       RunResult owns all it tells.
//
//   {"schema":1, "target", "metrics", "mode", "plan", "started_at", "warmup_seconds", "elapsed_seconds", "runs",
//    "requests":{"sent","ok","errors","aborted","refused","by_status":{"200":4500},
//                "by_error":{"Connection refused":3}},
//    "latency_seconds":{"p50","p90","p99","p999","max","min","mean"}, "rate":{"asked","reached","unsent"},
//    "server":{"requests_seen","tasks_before","tasks_after_drain","leaked_after_drain","leaked_per_request",
//              "contexts_before","contexts_after_drain","timers_before","timers_after_drain","bytes_per_request",
//              "rss_before_bytes","rss_after_bytes","restarts"},
//    "thresholds":[{"threshold":"p99<50ms","value","shown","met"}],
//    "verdict":"clean|leak|unknown", "reason", "notes":["The rate was not reached: …"],
//    "timeline":[{"seconds","asked","sent","ok","errors","p50","p99","server":OBSERVATION}],
//    "evidence":{"wanted","settled","drain_timeout_seconds","requests_sent","responses","scrape_error",
//                "before":OBSERVATION, "after":OBSERVATION},
//    "latency_histogram":{"count","sum","min","max","saturated","buckets":[[from,count], …]}}
//   {"schema":1, "fixed":{…}, "leaky":{…}}
//
//   OBSERVATION: {"tasks","leaked","contexts","timers","connections","rss_bytes","heap_bytes","requests","demo_requests",
//                 "start_time"}

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/histogram.hpp"
#include "loadgen/threshold.hpp"
#include "loadgen/verdict.hpp"

namespace loadgen {

struct RequestCounts {
  std::int64_t sent = 0;
  std::int64_t ok = 0;       // a 2xx response, complete
  std::int64_t errors = 0;   // another status, a time-out, a broken response or connection
  std::int64_t aborted = 0;  // left on purpose, in the middle
  std::int64_t refused = 0;  // reset before the first byte of a response
  std::map<int, std::int64_t> by_status;
  std::map<std::string, std::int64_t> by_error;  // where there was no response: why
};

// About a second of a load, warm-up included.
struct Moment {
  double seconds = 0;           // its end, since the load began
  std::optional<double> asked;  // requests a second; nothing for a closed loop
  std::int64_t sent = 0;        // since the moment before, as the next ones
  std::int64_t ok = 0;
  std::int64_t errors = 0;
  std::optional<double> p50;  // seconds
  std::optional<double> p99;
  std::optional<ServerObservation> seen;
};

struct RunResult {
  std::string target;
  std::string metrics;  // where the server was looked at; empty when it was not
  std::string mode;     // the server's: "fixed", "leaky"; empty when it did not say
  std::string plan;     // "open loop, 300 a second over at most 64 connections, for 15s"
  std::chrono::system_clock::time_point started_at{};
  std::chrono::nanoseconds warmup{};  // before `elapsed`
  std::int64_t runs = 1;              // more after a merge
  RequestCounts requests;
  Histogram latency;                   // of responses, from the intended time of sending
  std::chrono::nanoseconds elapsed{};  // of the load, without the drain
  std::optional<double> rate_asked;    // a second; nothing for a closed loop
  double rate_reached = 0;
  std::int64_t unsent = 0;  // due, and still in line at the end
  std::vector<Moment> timeline;
  Evidence evidence;
  Judgement judgement;  // judge(evidence)
  std::vector<ThresholdOutcome> thresholds;
  std::vector<std::string> notes;  // sentences: what else has to be known
};

// A note of a result in which it is so, also after a merge.
inline constexpr std::string_view no_answer_note =
    "No request was answered, so nothing is known (exit status 5, if nothing is worse).";

nlohmann::ordered_json to_json(const RunResult& result);
nlohmann::ordered_json to_json(const RunResult& fixed, const RunResult& leaky);

// For people and for grep: objects are indented, arrays have a line for each object in them, or one in all.
std::string to_text(const nlohmann::ordered_json& report);

// "2026-11-25T17:04:05Z"
std::string format_time(std::chrono::system_clock::time_point time);

// What was reached of the rate that was asked for, which is known and not 0. At least 1 when every request that was
// due was sent: there are no parts of one.
double share_of_rate(const RunResult& result) noexcept;

}  // namespace loadgen
