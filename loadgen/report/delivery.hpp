// SPDX-License-Identifier: BSL-1.0
#pragma once
// What becomes of the results: text for the terminal, files, an exit status.
//
// Guarantees     thresholds are checked before anything is shown. A report that goes to standard output ("-") has it
//                to itself: the text is then on standard error. A file is written beside its place and renamed, so that
//                it is whole or as before; what is no regular file (a FIFO, a device) is written as it is.
// Threads        one.
//
//   if (auto wrong = loadgen::cannot_deliver(wanted)) return fail(*wrong);   // before the load rather than after
//   return loadgen::deliver(wanted, std::move(results));

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/report/conclusion.hpp"
#include "loadgen/report/report.hpp"
#include "loadgen/report/threshold.hpp"

namespace loadgen {

struct Delivery {
  std::string json_file;  // empty: none
  std::string html_file;  // likewise
  std::string csv_file;   // likewise
  std::vector<Threshold> thresholds;

  std::FILE* text_goes_to() const noexcept {
    return json_file == "-" || html_file == "-" || csv_file == "-" ? stderr : stdout;
  }
};

// Files that cannot be written, or twice the same one, as one line. What was there is untouched.
std::optional<std::string> cannot_deliver(const Delivery& wanted);

// The exit status. One result, or of a comparison the fixed and the leaky one.
int deliver(const Delivery& wanted, std::vector<RunResult> results);

}  // namespace loadgen
