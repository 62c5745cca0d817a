// SPDX-License-Identifier: BSL-1.0
#pragma once
// What a person sees the output on.
//
// Threads        any.
//
//   const auto screen = client::terminal(STDOUT_FILENO);
//   if (screen.color) std::cout << "\x1b[1m";

#include <cstddef>

namespace client {

struct Terminal {
  bool interactive = false;  // somebody watches: not a file, not a pipe
  bool color = false;        // interactive, and neither NO_COLOR nor TERM=dumb says otherwise
  bool can_redraw = false;   // interactive, and TERM knows more than lines
  std::size_t width = 100;   // in cells
  std::size_t height = 30;
};

Terminal terminal(int descriptor) noexcept;

}  // namespace client
