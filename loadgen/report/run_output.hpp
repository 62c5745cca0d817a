// SPDX-License-Identifier: BSL-1.0
#pragma once
// The output of a run: text, and a progress line below it.
//
// Guarantees     the progress line appears only on a terminal that can redraw it, and is removed before other text.
// Threads        one.
//
//   loadgen::RunOutput output(stdout);
//   output.show_progress(0.4, "6s of 15s");
//   output.print("a row\n");

#include <cstdio>
#include <string_view>

#include "cli/terminal.hpp"

namespace loadgen {

class RunOutput {
 public:
  explicit RunOutput(std::FILE* where);  // not closed

  bool print(std::string_view text);  // false if it could not be written
  void show_progress(double share, std::string_view text);
  void hide_progress();

  // The current terminal; windows change their size.
  cli::Terminal terminal() const noexcept;

 private:
  bool write(std::string_view text);

  std::FILE* where_;
  bool can_redraw_;
  bool progress_ = false;
};

}  // namespace loadgen
