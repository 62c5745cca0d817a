// SPDX-License-Identifier: BSL-1.0
#pragma once
// A terminal that shows one thing, drawn again and again, as top(1) does.
//
// What it is     the terminal's alternate screen, without cursor, echo and line editing; what was on it before
//                comes back when it is left.
// Requires       a terminal; one FullScreen at a time.
// Guarantees     left by the destructor, whatever ends the program short of a crash or SIGKILL.
// Threads        one.
//
//   client::FullScreen screen(STDOUT_FILENO);
//   screen.draw(lines);
//   co_await keyboard_is_readable(screen.keyboard());
//   if (auto keys = screen.keys(); !keys || keys->contains('q')) co_return;

#include <termios.h>

#include <optional>
#include <string>
#include <vector>

namespace client {

class FullScreen {
 public:
  explicit FullScreen(int descriptor);
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;
  ~FullScreen();

  // As many lines as the terminal has, none wider than it.
  void draw(const std::vector<std::string>& lines);

  // Where keys come from, not blocking; -1: there are none.
  int keyboard() const noexcept { return keyboard_; }
  // Pressed meanwhile, perhaps none; nullopt: the terminal has gone.
  std::optional<std::string> keys();

  // Leaves, stops the process (SIGSTOP), and enters again when it is continued.
  void stop_process();

 private:
  void enter();
  void leave() noexcept;

  int descriptor_;
  int keyboard_;
  std::optional<termios> before_;
};

}  // namespace client
