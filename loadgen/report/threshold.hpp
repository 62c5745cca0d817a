// SPDX-License-Identifier: BSL-1.0
#pragma once
// A threshold that a load must meet: "p99<50ms".
//
// What it is     METRIC OPERATOR VALUE; blanks around the operator are allowed. Operators: < <= > >=
//
//     latency    p50 p90 p99 p999 or any other (p99.95), min, mean, max    a time: 50ms; the worse of all requests (a
//                request that timed out counts with the time until then) and of those that succeeded
//     errors, ok                       a share of the requests sent: 1%, or a count: 10
//     rate                             a share of the requested rate: 95%, or requests per second: 290
//     requests                         a count of requests sent
//     leaked, contexts, timers         left over, per request: 0.01
//     memory                           growth per request: 1KiB
//
// Guarantees     an unknown value (a latency without a response, leftovers without the server's metrics) does not meet
//                the threshold. An error is one line that says what is allowed.
// Threads        any.
//
//   auto threshold = loadgen::parse_threshold("p99<50ms");
//   if (!threshold) return fail(threshold.error());
//   auto outcome = loadgen::check(*threshold, result);
//   if (!outcome.met) std::cerr << outcome.text << ": " << outcome.shown;  // "p99<50ms: 61.3 ms"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace loadgen {

struct RunResult;

struct Threshold {
  enum class Metric : std::uint8_t {
    quantile,
    min,
    mean,
    max,
    errors,
    ok,
    rate,
    requests,
    leaked,
    contexts,
    timers,
    memory
  };
  enum class Operator : std::uint8_t { less, at_most, more, at_least };

  std::string text;  // as typed, without blanks
  Metric metric = Metric::quantile;
  double quantile = 0;  // for Metric::quantile
  Operator comparison = Operator::less;
  double limit = 0;    // seconds, a share (1% is 0.01), bytes, or a number
  bool share = false;  // of the requests sent, or of the requested rate
};

struct ThresholdOutcome {
  std::string text;
  std::optional<double> value;  // in the unit of the limit
  std::string shown;            // as shown in reports
  bool met = false;
};

std::expected<Threshold, std::string> parse_threshold(std::string_view text);

ThresholdOutcome check(const Threshold& threshold, const RunResult& result);

// Whether it can no longer be met, in a load of `requests_in_all` requests if that is known.
bool is_hopeless(const Threshold& threshold, const RunResult& so_far,
                 std::optional<std::uint64_t> requests_in_all);

}  // namespace loadgen
