// SPDX-License-Identifier: BSL-1.0
#pragma once
// Delivers the results: text for the terminal, files, and the exit status.
//
// Guarantees     thresholds are checked before anything is shown. If a report goes to standard output ("-"), the text goes
//                to standard error. A file is written under another name and renamed, so that it is complete or
//                unchanged; special files (a FIFO, a device) are written directly.
// Threads        one.
//
//   if (auto wrong = loadgen::cannot_deliver(wanted)) return fail(*wrong);   // before the load
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
  std::string html_file;  // empty: none
  std::string csv_file;   // empty: none
  std::vector<Threshold> thresholds;

  std::FILE* text_goes_to() const noexcept {
    return json_file == "-" || html_file == "-" || csv_file == "-" ? stderr : stdout;
  }
};

// One line if a file cannot be written, or two reports have the same file. Existing files are not changed.
std::optional<std::string> cannot_deliver(const Delivery& wanted);

// Returns the exit status. One result, or the fixed and the leaky result of a comparison.
int deliver(const Delivery& wanted, std::vector<RunResult> results);

}  // namespace loadgen
