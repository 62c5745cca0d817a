// SPDX-License-Identifier: BSL-1.0
#pragma once
// Where a person follows a run: text, and one line of progress below it.
//
// Guarantees     the line of progress is there only when somebody watches, and gone before other text.
// Threads        one.
//
//   loadgen::Screen screen(stdout);
//   screen.show_progress(0.4, "6s of 15s");
//   screen.print("a row\n");

#include <cstdio>
#include <string_view>

namespace loadgen {

class Screen {
 public:
  explicit Screen(std::FILE* where);  // which is not closed

  bool print(std::string_view text);  // false if it could not be written
  void show_progress(double share, std::string_view text);
  void hide_progress();

 private:
  bool write(std::string_view text);

  std::FILE* where_;
  bool watched_;
  bool progress_ = false;
};

// One line to standard error.
void complain(std::string_view line);

}  // namespace loadgen
