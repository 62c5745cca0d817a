// SPDX-License-Identifier: BSL-1.0
#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace cli {

Terminal terminal(int descriptor) noexcept {
  Terminal screen;
  screen.interactive = ::isatty(descriptor) == 1;
  if (!screen.interactive) return screen;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.width = size.ws_col;
    screen.height = size.ws_row;
  }
  const char* no_color = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  screen.can_redraw = kind && *kind && std::string_view(kind) != "dumb";
  screen.color = screen.can_redraw && !(no_color && *no_color);
  return screen;
}

std::string painted(std::string_view text, Look look, bool color) {
  static constexpr std::array<std::string_view, 7> sequences = {"",         "\x1b[1m", "\x1b[31m", "\x1b[33m",
                                                                "\x1b[32m", "\x1b[2m", "\x1b[7m"};
  const std::string_view sequence = sequences[static_cast<std::size_t>(look)];
  if (!color || sequence.empty() || text.empty()) return std::string(text);
  return std::string(sequence).append(text).append("\x1b[0m");
}

}  // namespace cli
