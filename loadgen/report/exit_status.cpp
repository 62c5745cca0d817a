// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/exit_status.hpp"

#include <algorithm>

namespace loadgen {

int exit_status(std::span<const RunResult> results) noexcept {
  const auto any = [&](auto is) { return std::ranges::any_of(results, is); };
  if (any([](const RunResult& r) { return r.judgement.verdict == Verdict::leak; })) return Exit::leak;
  if (any([](const RunResult& r) { return !std::ranges::all_of(r.thresholds, &ThresholdOutcome::met); }))
    return Exit::missed;
  if (any([](const RunResult& r) { return r.evidence.wanted && r.judgement.verdict == Verdict::unknown; }))
    return Exit::unknown;
  // Whoever looked at the server: somebody has to have answered.
  if (any([](const RunResult& r) {
        return r.requests.sent > 0 && r.evidence.responses == 0 && r.requests.aborted == 0;
      }))
    return Exit::unknown;
  return Exit::clean;
}

}  // namespace loadgen
