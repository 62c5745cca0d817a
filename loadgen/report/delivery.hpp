// SPDX-License-Identifier: BSL-1.0
#pragma once
// What becomes of the results: text for the terminal, files, an exit status.
//
// Guarantees     thresholds are checked before anything is shown. A report that goes to standard output ("-") has it
//                to itself: the text is then on standard error.
// Threads        one.
//
//   if (auto wrong = loadgen::cannot_deliver(wanted)) return fail(*wrong);   // before the load rather than after
//   return loadgen::deliver(wanted, std::move(results));

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/report/exit_status.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/threshold.hpp"

namespace loadgen {

struct Delivery {
  std::string json_file;  // empty: none
  std::string html_file;  // likewise
  std::vector<Threshold> thresholds;

  std::FILE* text_goes_to() const noexcept { return json_file == "-" || html_file == "-" ? stderr : stdout; }
};

// A file that cannot be written, as one line. One that can be is there afterwards.
std::optional<std::string> cannot_deliver(const Delivery& wanted);

// The exit status. One result, or of a comparison the fixed and the leaky one.
int deliver(const Delivery& wanted, std::vector<RunResult> results);

}  // namespace loadgen
