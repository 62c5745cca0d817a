// SPDX-License-Identifier: BSL-1.0
#pragma once
// The conclusion of a load: a word, a sentence and the exit status of leash-load.
//
// Guarantees     text, page and JSON all show this, so they agree with the exit status. The first that applies: no request
//                succeeded, or none was measured (5); a leak (3); a missed threshold (4); an unknown verdict, unless server
//                metrics were not checked (5); else 0. In a comparison, each applies if it applies to either
//                side.
// Threads        any.
//
//   const loadgen::Conclusion conclusion = loadgen::conclude(results);
//   std::puts(conclusion.headline().c_str());   // "missed: p99<50ms (61.3 ms)"
//   return conclusion.exit_status;

#include <span>
#include <string>
#include <string_view>

#include "loadgen/report/report.hpp"

namespace loadgen {

enum Exit : int { clean = 0, usage = 2, leak = 3, missed = 4, unknown = 5 };

struct Conclusion {
  int exit_status = Exit::clean;
  std::string_view word;  // clean, leak, missed, unknown, passed (server metrics were not checked)
  std::string reason;

  std::string headline() const { return std::string(word) + ": " + reason; }
};

// One result, or the fixed and the leaky result of a comparison.
Conclusion conclude(std::span<const RunResult> results);

}  // namespace loadgen
