// SPDX-License-Identifier: BSL-1.0
#pragma once
// A report as JSON: described once, for writing, reading and adding up.
//
// Guarantees     schema 1: the fields below, in this order; unknown values are null. Times are in seconds, except in the
//                histograms, which have nanoseconds so that read_report() restores them exactly. Fields may be added; none
//                changes its meaning. Reading accepts any text: an error is one line that says what is wrong. After
//                reading, counts are at most 2^53, texts have no control characters, and the verdict is computed
//                anew.
// Threads        any.
//
//     {"schema":1, "id", "target", "metrics", "mode", "plan", "started_at", "warmup_seconds", "elapsed_seconds",
//      "runs",
//      "exit_status":3, "headline":"leak: …", "verdict":"clean|leak|unknown", "reason",
//      "requests":{"sent","ok","errors","aborted","refused","bytes_sent","bytes_received","by_status":{"200":4500},
//                  "by_error":{"Connection refused":3}},
//      "latency_seconds":{"p50","p90","p95","p99","p999","max","min","mean"}, "ok_latency_seconds":{…},
//      "in_line_seconds":{…}, "service_seconds":{…}, "rate":{"asked","reached","unsent"},
//      "load_generator":{"no_descriptors","no_ports","waited","held_up_seconds","processor_share","stopped"},
//      "server":{"requests_seen","tasks_before","tasks_after_drain","leaked_after_drain","reaped","leaked_per_request",
//                "contexts_before","contexts_after_drain","timers_before","timers_after_drain","bytes_per_request",
//                "rss_before_bytes","rss_after_bytes","restarts"},
//      "thresholds":[{"threshold":"p99<50ms","value","shown","met"}], "notes":["The rate was not reached: …"],
//      "timeline":[{"seconds","asked","sent","ok","errors","p50","p99","server":OBSERVATION}],
//      "evidence":{"wanted","settled","drain_timeout_seconds","requests_sent","responses","measured","succeeded",
//                  "unreachable","scrape_error","before":OBSERVATION,"after":OBSERVATION},
//      "latency_histogram":HISTOGRAM, "ok_latency_histogram", "in_line_histogram", "service_histogram"}
//     {"schema":1, "exit_status", "headline", "fixed":{…}, "leaky":{…}}
//
//     OBSERVATION: {"tasks","leaked","reaped","contexts","timers","connections","rss_bytes","heap_bytes","requests",
//                   "demo_requests","start_time"}
//     HISTOGRAM: {"count","sum","min","max","saturated","buckets":[[from,count], …]}
//
//   file << loadgen::to_text(loadgen::to_json({&result, 1}));
//   auto results = loadgen::read_report(text);
//   if (!results) return fail(results.error());

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report/report.hpp"

namespace loadgen {

// One result, or the fixed and the leaky result of a comparison.
nlohmann::ordered_json to_json(std::span<const RunResult> results);

// For people and for grep: objects are indented; an array is on one line, or has one line per object.
std::string to_text(const nlohmann::ordered_json& report);

// Returns results in the form that to_json() takes.
std::expected<std::vector<RunResult>, std::string> read_report(std::string_view text);

// Adds all that was sent and measured: counts are summed up, limits take the worse value. Figures of the server are not
// changed.
void add_load(RunResult& sum, const RunResult& more);
void add(RequestCounts& sum, const RequestCounts& more);
void add(OwnLimits& sum, const OwnLimits& more);
void add(std::optional<ServerObservation>& sum, const std::optional<ServerObservation>& more);

}  // namespace loadgen
