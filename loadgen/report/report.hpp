// SPDX-License-Identifier: BSL-1.0
#pragma once
// The result of a load.
//
// Requires       for compare: both results are of loads of the same shape.
// Threads        any.
// Lifetime       RunResult owns all it tells.
//
//   loadgen::RunResult result = traffic_and_evidence();
//   result.judgement = loadgen::judge(result.evidence);
//   use(loadgen::share_of_rate(result));

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/histogram.hpp"
#include "loadgen/report/threshold.hpp"
#include "loadgen/verdict.hpp"

namespace loadgen {

struct RequestCounts {
  std::int64_t sent = 0;
  std::int64_t ok = 0;       // a 2xx response, complete
  std::int64_t errors = 0;   // another status, a time-out, a broken response or connection
  std::int64_t aborted = 0;  // aborted on purpose (--abort)
  std::int64_t refused = 0;  // reset before the first byte of a response
  std::int64_t bytes_sent = 0;
  std::int64_t bytes_received = 0;
  std::map<std::string, std::int64_t> by_status;
  std::map<std::string, std::int64_t> by_error;  // requests without a response, by reason
};

// Limits of the load generator itself. None of them is an error of the server.
struct OwnLimits {
  std::int64_t no_descriptors = 0;        // requests not sent for lack of file descriptors
  std::int64_t no_ports = 0;              // requests not sent for lack of local ports
  std::int64_t waited = 0;                // requests that waited because all connections were busy
  std::chrono::nanoseconds held_up{};     // its longest delay
  std::optional<double> processor_share;  // of one processor per thread
  bool stopped = false;                   // by a signal, before the plan was complete
};

// About a second of a load, including the warm-up.
struct Period {
  double seconds = 0;           // its end, since the start of the load
  std::optional<double> asked;  // requests per second; empty for a closed loop
  std::int64_t sent = 0;        // since the previous period, like the following members
  std::int64_t ok = 0;
  std::int64_t errors = 0;
  std::optional<double> p50;  // seconds
  std::optional<double> p99;
  std::optional<ServerObservation> seen;
};

// What happened since the last row, including the warm-up.
struct Interval {
  std::int64_t sent = 0;
  std::int64_t ok = 0;
  std::int64_t errors = 0;
  Histogram latency;
};

struct RunResult {
  std::string id;  // unique per run
  std::string target;
  std::string metrics;  // where the server's metrics were read; empty if they were not
  std::string mode;     // the server's: "fixed" or "leaky"; empty if unknown
  std::string plan;     // "open loop, 300 per second, at most 64 connections, for 15s"
  std::chrono::system_clock::time_point started_at{};
  std::chrono::nanoseconds warmup{};   // before `elapsed`
  std::chrono::nanoseconds elapsed{};  // of the load, without the drain
  std::int64_t runs = 1;               // more after a merge
  RequestCounts requests;
  // From when a request was due. Requests that timed out, and those still in line at the end, count with the time until
  // then, so that a server cannot hide behind requests that it did not answer.
  Histogram latency;
  Histogram ok_latency;              // only requests with a 2xx response
  Histogram in_line;                 // of an open loop: from when a request was due until it was sent
  Histogram service;                 // from when a request was sent until its response was complete
  std::optional<double> rate_asked;  // per second; empty for a closed loop
  double rate_reached = 0;
  std::int64_t unsent = 0;  // due but not sent
  OwnLimits own;
  std::vector<Period> timeline;
  Evidence evidence;
  Judgement judgement;  // judge(evidence)
  std::vector<ThresholdOutcome> thresholds;
  std::vector<std::string> notes;  // further sentences for the report
  std::vector<std::string>
      leaks;  // lines: what the server says has leaked; empty: nothing, or it does not say
};

// The notes, and a sentence for each limit of the load generator that was reached.
std::vector<std::string> all_notes(const RunResult& result);

// The names of a comparison's sides: "fixed", "leaky".
constexpr std::string_view side_name(std::size_t side) noexcept { return side == 0 ? "fixed" : "leaky"; }

// "2026-11-25T17:04:05.000Z"
std::string format_time(std::chrono::system_clock::time_point time);

// The share of the requested rate that was reached; the requested rate must be known and not 0. At least 1 if every
// request that was due was sent, because there are no fractions of requests.
double share_of_rate(const RunResult& result) noexcept;

}  // namespace loadgen
