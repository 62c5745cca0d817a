// SPDX-License-Identifier: BSL-1.0
#pragma once
// Whether a server leaks, judged by what is left of a load after it has drained.
//
// Requires       observations of one server, in the order of time.
// Guarantees     a pure function. Only what is left decides (tasks of requests, contexts and timers, against
//                before the load), and what was reaped meanwhile. Without one request that was measured and succeeded
//                nothing is known. Memory and trends are evidence beside it and never decide. A server that has
//                counted fewer requests than were answered is not the one that answered them: never clean. Contexts and
//                timers that connections of other clients may have are no leak.
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

// What was seen of the server. An observation that could not be taken is left out.
struct Evidence {
  bool wanted = true;  // false: the server was not to be looked at
  std::optional<ServerObservation> before;
  std::vector<ServerObservation> during;  // while the load ran
  std::optional<ServerObservation> after;
  bool settled = false;  // after the load: nothing in flight, and two scrapes a grace apart were equal
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(10);  // how long was waited for that
  std::int64_t requests_sent = 0;  // by this load generator, warm-up and second attempts included
  std::int64_t responses = 0;      // that it received, likewise
  std::int64_t measured = 0;       // requests sent after the warm-up
  std::int64_t succeeded = 0;      // of these
  std::string unreachable;         // why there is no connection to the server, if so
  std::string scrape_error;        // why there is no scrape, if so
};

struct Judgement {
  Verdict verdict = Verdict::unknown;
  std::string reason;  // one sentence

  int restarts = 0;
  std::int64_t requests_seen = 0;       // by the server; of /demo alone when it had such
  std::int64_t requests_of_others = 0;  // of these, more than we sent

  // More than before the load, never below 0.
  std::int64_t tasks_left = 0;
  std::int64_t contexts_left = 0;
  std::int64_t timers_left = 0;
  std::int64_t tasks_reaped = 0;  // that leaked and were ended by force meanwhile

  // Nothing when the server saw no request, restarted, or was not scraped before and after.
  std::optional<double> leaked_per_request;  // tasks left
  std::optional<double> bytes_per_request;   // growth of the heap; of resident memory when it tells no heap
};

Judgement judge(const Evidence& evidence);

}  // namespace loadgen
