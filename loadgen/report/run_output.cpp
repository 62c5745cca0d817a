// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/run_output.hpp"

#include "cli/text.hpp"
#include "loadgen/report/rows.hpp"

namespace loadgen {

RunOutput::RunOutput(std::FILE* where) : where_(where), can_redraw_(terminal().can_redraw) {}

cli::Terminal RunOutput::terminal() const noexcept { return cli::terminal(::fileno(where_)); }

bool RunOutput::write(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), where_) == text.size() && std::fflush(where_) == 0;
}

bool RunOutput::print(std::string_view text) {
  hide_progress();
  return write(text);
}

void RunOutput::show_progress(double share, std::string_view text) {
  if (!can_redraw_) return;
  hide_progress();
  write(cli::clipped(progress_line(share, text), terminal().width - 1));
  progress_ = true;
}

void RunOutput::hide_progress() {
  if (progress_) write("\r\x1b[K");
  progress_ = false;
}

}  // namespace loadgen
