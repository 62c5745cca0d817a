// SPDX-License-Identifier: BSL-1.0
#pragma once
// Two results as a run of `compare` has them: 15 s at 300 a second, clean in fixed mode, 1.5 tasks per request
// in leaky.

#include <chrono>

#include "loadgen/report/report.hpp"

namespace loadgen::test {

inline RunResult example_result(bool leaky) {
  using namespace std::chrono_literals;
  RunResult result;
  result.target =
      leaky ? "http://127.0.0.1:40002/demo?pattern=mixed" : "http://127.0.0.1:40001/demo?pattern=mixed";
  result.metrics = leaky ? "http://127.0.0.1:50002/metrics" : "http://127.0.0.1:50001/metrics";
  result.plan = "open loop, 300 per second, at most 64 connections, for 15s";
  result.started_at = std::chrono::sys_days(std::chrono::November / 25 / 2026) + 12h;
  result.mode = leaky ? "leaky" : "fixed";
  result.requests = {.sent = 4500,
                     .ok = leaky ? 4488 : 4500,
                     .errors = leaky ? 12 : 0,
                     .aborted = 0,
                     .refused = 0,
                     .by_status = {{"200", leaky ? 4488 : 4500}},
                     .by_error = {}};
  if (leaky) result.requests.by_status["503"] = 12;
  // Most at about 6 ms, with a tail.
  for (int i = 0; i < 4500; ++i)
    result.latency.record(5'300us + 1us * (i % 900) + (i % 50 == 0 ? 1us * i : 0us));
  result.ok_latency = result.latency;
  result.service = result.latency;
  result.elapsed = 15s;
  result.rate_asked = 300;
  result.rate_reached = 299.8;

  const auto at_second = [&](int second) {
    ServerObservation seen;
    seen.at = std::chrono::steady_clock::time_point{second * 1s};
    const std::int64_t requests = 300 * second;
    seen.requests = requests;
    seen.demo_requests = requests;
    seen.contexts = 4;
    seen.timers = 1;
    seen.heap_bytes = 2'000'000;
    seen.rss_bytes = 14'000'000 + 20'000 * second;
    seen.start_time = 1763940000;
    if (leaky) {
      seen.tasks = requests * 3 / 2;
      seen.tasks_leaked = second > 1 ? 450 * (second - 1) : 0;
      seen.contexts += requests;
      seen.timers += requests / 7;
      seen.heap_bytes += requests * 25'000;
      seen.rss_bytes += requests * 26'000;
    }
    return seen;
  };
  result.evidence.before = at_second(0);
  for (int second = 1; second <= 15; ++second) {
    result.evidence.during.push_back(at_second(second));
    Period period;
    period.seconds = second;
    period.asked = 300;
    period.sent = 300;
    period.ok = leaky && second == 15 ? 288 : 300;
    period.errors = 300 - period.ok;
    period.p50 = 0.0057;
    period.p99 = 0.0079;
    period.seen = at_second(second);
    result.timeline.push_back(period);
  }
  result.evidence.after = at_second(15);
  result.evidence.after->at += 2s;
  if (leaky) result.evidence.after->tasks_leaked = result.evidence.after->tasks;
  result.evidence.settled = true;
  result.evidence.requests_sent = 4500;
  result.evidence.responses = 4500;
  result.evidence.measured = 4500;
  result.evidence.succeeded = result.requests.ok;
  result.judgement = judge(result.evidence);
  return result;
}

}  // namespace loadgen::test
