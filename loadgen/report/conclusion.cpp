// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/conclusion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace loadgen {
namespace {

// The thresholds that were missed: "p99<50ms (61.3 ms), errors<1% (3.00%)"; empty if none was.
std::string missed_thresholds(const RunResult& result) {
  std::vector<std::string> texts;
  for (const ThresholdOutcome& each : result.thresholds) {
    if (!each.met) texts.push_back(fmt::format("{} ({})", each.text, each.shown));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

Conclusion conclude(std::span<const RunResult> results) {
  const auto of_side = [&](const RunResult& result, const std::string& reason) {
    if (results.size() == 1) return reason;
    return fmt::format("{}: {}", side_name(static_cast<std::size_t>(&result - results.data())), reason);
  };
  for (const RunResult& result : results) {
    if (result.evidence.succeeded == 0)
      return {Exit::unknown, "unknown", of_side(result, result.judgement.reason)};
  }
  for (const RunResult& result : results) {
    if (result.judgement.verdict == Verdict::leak)
      return {Exit::leak, "leak", of_side(result, result.judgement.reason)};
  }
  for (const RunResult& result : results) {
    if (auto missed = missed_thresholds(result); !missed.empty())
      return {Exit::missed, "missed", of_side(result, missed)};
  }
  for (const RunResult& result : results) {
    if (result.evidence.wanted && result.judgement.verdict == Verdict::unknown)
      return {Exit::unknown, "unknown", of_side(result, result.judgement.reason)};
  }
  const auto is_unchecked = [](const RunResult& result) { return !result.evidence.wanted; };
  const RunResult& first = results.front();
  if (std::ranges::all_of(results, is_unchecked)) return {Exit::clean, "passed", first.judgement.reason};
  const auto unchecked = std::ranges::find_if(results, is_unchecked);
  if (unchecked == results.end()) return {Exit::clean, "clean", first.judgement.reason};
  return {Exit::clean, "passed", of_side(*unchecked, unchecked->judgement.reason)};
}

}  // namespace loadgen
