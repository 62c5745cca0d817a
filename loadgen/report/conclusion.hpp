// SPDX-License-Identifier: BSL-1.0
#pragma once
// What came out of it all, in a word and a sentence, and how leash-load ends.
//
// Guarantees     text, page and JSON say this; so they agree with the exit status. The first that applies: no request
//                succeeded, or none was measured (5); a leak (3); a threshold that was missed (4); a verdict that could
//                not be reached, unless the server was not to be looked at (5); else 0. Of a comparison either side
//                counts.
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
  std::string_view word;  // clean, leak, missed, unknown; passed: the server was not to be looked at
  std::string reason;

  std::string headline() const { return std::string(word) + ": " + reason; }
};

// One result, or of a comparison the fixed and the leaky one.
Conclusion conclude(std::span<const RunResult> results);

}  // namespace loadgen
