// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/screen.hpp"

#include <string>

#include "cli/terminal.hpp"
#include "loadgen/report/rows.hpp"

namespace loadgen {

Screen::Screen(std::FILE* where) : where_(where), watched_(client::terminal(::fileno(where)).interactive) {}

bool Screen::write(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), where_) == text.size() && std::fflush(where_) == 0;
}

bool Screen::print(std::string_view text) {
  hide_progress();
  return write(text);
}

void Screen::show_progress(double share, std::string_view text) {
  if (!watched_) return;
  hide_progress();
  write(progress_line(share, text));
  progress_ = true;
}

void Screen::hide_progress() {
  if (progress_) write("\r\x1b[K");
  progress_ = false;
}

void complain(std::string_view line) {
  std::fprintf(stderr, "leash-load: %.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace loadgen
