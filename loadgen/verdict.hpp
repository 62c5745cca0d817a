// SPDX-License-Identifier: BSL-1.0
#pragma once
// Judges whether a server leaks, by what is left over after a load has drained.
//
// Requires       observations of one server, in chronological order.
// Guarantees     a pure function. Only leftovers decide (tasks of requests, contexts and timers, compared with before the
//                load), and tasks that were reaped meanwhile. Without a measured request that succeeded, the verdict is
//                unknown. Memory and trends are supporting evidence and never decide. A server that counted fewer
//                requests than were answered is not the server that answered them: never clean. Contexts and timers that
//                may belong to connections of other clients are no leak.
// Threads        any.
// Lifetime       keeps nothing.
//
//   loadgen::Evidence evidence{.before = first, .during = seen, .after = last, .settled = true};
//   auto judgement = loadgen::judge(evidence);
//   if (judgement.verdict == loadgen::Verdict::leak) std::cout << judgement.reason;

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/observation.hpp"

namespace loadgen {

enum class Verdict { clean, leak, unknown };

std::string_view to_string(Verdict verdict) noexcept;  // "clean", "leak", "unknown"

// What was seen of the server. Failed observations are left out.
struct Evidence {
  bool wanted = true;  // false: --metrics none
  std::optional<ServerObservation> before;
  std::vector<ServerObservation> during;  // while the load ran
  std::optional<ServerObservation> after;
  bool settled = false;  // after the load: nothing in flight, and two scrapes a grace apart equal
  std::chrono::nanoseconds drain_timeout =
      std::chrono::seconds(10);    // the longest wait for that, or how long it was if a signal ended it
  std::int64_t requests_sent = 0;  // by this load generator, warm-up and second attempts included
  std::int64_t responses = 0;      // responses it received, likewise
  std::int64_t measured = 0;       // requests sent after the warm-up
  std::int64_t succeeded = 0;      // measured requests that succeeded
  std::string unreachable;         // the reason, if the server was unreachable
  std::string scrape_error;        // the reason, if a scrape failed
};

struct Judgement {
  Verdict verdict = Verdict::unknown;
  std::string reason;  // one sentence

  int restarts = 0;
  std::int64_t requests_seen = 0;       // counted by the server; only those of /demo if there are any
  std::int64_t requests_of_others = 0;  // of these, those that we did not send

  // Compared with before the load; never below 0.
  std::int64_t tasks_left = 0;
  std::int64_t contexts_left = 0;
  std::int64_t timers_left = 0;
  std::int64_t tasks_reaped = 0;  // leaked tasks that were ended by force meanwhile

  // Empty if the server counted no request, restarted, or was not scraped before and after.
  std::optional<double> leaked_per_request;  // tasks left
  std::optional<double>
      bytes_per_request;  // growth of the heap, or of resident memory if the heap is unknown
};

Judgement judge(const Evidence& evidence);

}  // namespace loadgen
