// SPDX-License-Identifier: BSL-1.0
#pragma once
// Properties of the terminal that output goes to, and colored text.
//
// Threads        any.
//
//   const auto terminal = cli::terminal(STDOUT_FILENO);
//   std::cout << cli::painted("leak", cli::Look::alarming, terminal.color);

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

struct Terminal {
  bool interactive = false;  // it is a terminal, not a file or a pipe
  bool color = false;        // interactive, and neither NO_COLOR nor TERM=dumb says otherwise
  bool can_redraw = false;   // interactive, and TERM is not "dumb"
  std::size_t width = 100;   // in cells
  std::size_t height = 30;
};

Terminal terminal(int descriptor) noexcept;

enum class Look : std::uint8_t { plain, strong, alarming, doubtful, good, faint, title };

// The text with the escape sequences for this look.
std::string painted(std::string_view text, Look look, bool color);

}  // namespace cli
