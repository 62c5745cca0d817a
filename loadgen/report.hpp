#pragma once
// The result of a load, and its report as JSON.
//
// Requires       for compare: both results are of loads of the same shape.
// Guarantees     schema 1: the fields below, in this order; what is not known is null. Latencies in seconds.
// Threads        any.
// Lifetime       RunResult owns all it tells.
//
//   {"schema":1, "target", "mode",
//   "requests":{"sent","ok","errors","aborted","refused","by_status":{"200":4500}},
//    "latency_seconds":{"p50","p90","p99","p999","max"}, "rate":{"asked","reached"},
//    "server":{"requests_seen","tasks_before","tasks_after_drain","leaked_after_drain","leaked_per_request",
//              "contexts_before","contexts_after_drain","timers_before","timers_after_drain","bytes_per_request",
//              "rss_before_bytes","rss_after_bytes","restarts"},
//    "verdict":"clean|leak|unknown", "reason"}
//   {"schema":1, "fixed":{…}, "leaky":{…}}

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "loadgen/histogram.hpp"
#include "loadgen/verdict.hpp"

namespace loadgen {

struct RequestCounts {
  std::int64_t sent = 0;
  std::int64_t ok = 0;       // a 2xx response, complete
  std::int64_t errors = 0;   // another status, a time-out, a broken response or connection
  std::int64_t aborted = 0;  // left on purpose, in the middle
  std::int64_t refused = 0;  // reset before the first byte of a response
  std::map<int, std::int64_t> by_status;
};

struct RunResult {
  std::string target;
  std::string mode;  // the server's: "fixed", "leaky"; empty when it did not say
  RequestCounts requests;
  Histogram latency;                   // of responses, from the intended time of sending
  std::chrono::nanoseconds elapsed{};  // of the load, without the drain
  std::optional<double> rate_asked;    // a second; nothing for a closed loop
  double rate_reached = 0;
  Evidence evidence;
  Judgement judgement;  // judge(evidence)
};

nlohmann::ordered_json to_json(const RunResult& result);
nlohmann::ordered_json to_json(const RunResult& fixed, const RunResult& leaky);

}  // namespace loadgen
