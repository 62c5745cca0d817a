// SPDX-License-Identifier: BSL-1.0
#pragma once
// A screen that is drawn repeatedly on a terminal, as top(1) does.
//
// What it is     the terminal's alternate screen, without cursor, echo and line editing; the former content comes
//                back at the end.
// Requires       a terminal; one FullScreen at a time.
// Guarantees     the destructor restores the terminal; only a crash or SIGKILL prevents that.
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

  // Draws as many lines as the terminal has, cut to its width.
  void draw(const std::vector<std::string>& lines);

  // A non-blocking descriptor to read keys from; -1 if there is none.
  int keyboard() const noexcept { return keyboard_; }
  // The keys pressed since the last call, perhaps none; nullopt if the terminal is closed.
  std::optional<std::string> keys();

  // Restores the terminal, stops the process (SIGSTOP), and enters the screen again when the process continues.
  void stop_process();

 private:
  void enter();
  void leave() noexcept;

  int descriptor_;
  int keyboard_;
  std::optional<termios> before_;
};

}  // namespace client
