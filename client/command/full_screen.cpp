// SPDX-License-Identifier: BSL-1.0
#include "client/command/full_screen.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

namespace client {
namespace {

void write_all(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return;  // the terminal is closed
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

// Opens the terminal again instead of using standard input: O_NONBLOCK would affect every process that shares it, such as
// the shell.
FullScreen::FullScreen(int descriptor)
    : descriptor_(descriptor), keyboard_(::open("/dev/tty", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
  enter();
}

FullScreen::~FullScreen() {
  leave();
  if (keyboard_ >= 0) ::close(keyboard_);
}

void FullScreen::enter() {
  termios mode{};
  if (keyboard_ >= 0 && ::tcgetattr(keyboard_, &mode) == 0) {
    before_ = mode;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C and Ctrl-Z still send signals
    ::tcsetattr(keyboard_, TCSANOW, &mode);
  }
  write_all(descriptor_, "\x1b[?1049h\x1b[?25l");
}

void FullScreen::leave() noexcept {
  write_all(descriptor_, "\x1b[?25h\x1b[?1049l");
  if (before_) ::tcsetattr(keyboard_, TCSAFLUSH, &*before_);  // so that unread keys do not reach the shell
  before_.reset();
}

void FullScreen::draw(const std::vector<std::string>& lines) {
  std::string frame = "\x1b[?2026h\x1b[H";  // drawn at once where the terminal supports synchronized updates
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) frame += "\r\n";
    frame += "\x1b[K" + lines[i];  // clear first: after a full line this would clear the last cell
  }
  frame += "\x1b[?2026l";
  write_all(descriptor_, frame);
}

std::optional<std::string> FullScreen::keys() {
  std::array<char, 256> buffer;
  const ssize_t n = ::read(keyboard_, buffer.data(), buffer.size());
  if (n > 0) return std::string(buffer.data(), static_cast<std::size_t>(n));
  const bool still_there = n < 0 && (errno == EAGAIN || errno == EINTR);
  return still_there ? std::optional<std::string>(std::in_place) : std::nullopt;
}

void FullScreen::stop_process() {
  leave();
  ::raise(SIGSTOP);
  enter();
}

}  // namespace client
