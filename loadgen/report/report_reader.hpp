// SPDX-License-Identifier: BSL-1.0
#pragma once
// A report, as to_json() has it, back into results.
//
// Requires       nothing; the text may be anything.
// Guarantees     a result has the histogram, the figures and the evidence with which the report was written; its
//                verdict is judged anew. An error is one line that says what is wrong with the text.
// Threads        any.
//
//   auto report = loadgen::read_report(text);
//   if (!report) return fail(file + ": " + report.error());
//   use(report->results.front().latency);

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report/report.hpp"

namespace loadgen {

struct Report {
  std::vector<RunResult> results;  // one, or of a comparison the fixed and the leaky one

  bool is_compare() const noexcept { return results.size() == 2; }
};

std::expected<Report, std::string> read_report(std::string_view text);

}  // namespace loadgen
