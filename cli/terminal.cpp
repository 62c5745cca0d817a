// SPDX-License-Identifier: BSL-1.0
#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace client {

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

}  // namespace client
