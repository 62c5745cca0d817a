// SPDX-License-Identifier: BSL-1.0
#include "server/log_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace server {

struct LogWriter::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::string waiting;
  std::size_t most;
  std::uint64_t dropped = 0;
  bool writing = false;
  bool ending = false;

  void run(int fd);
};

namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {  // another process has made it non-blocking
      pollfd room{fd, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return;  // the reader has closed the pipe
    }
  }
}

}  // namespace

void LogWriter::State::run(int fd) {
  std::string text;
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return ending || !waiting.empty(); });
    if (waiting.empty()) return;
    text.clear();
    std::swap(text, waiting);
    writing = true;
    lock.unlock();
    write_all(fd, text);
    lock.lock();
    writing = false;
    changed.notify_all();
  }
}

LogWriter::LogWriter(int fd, std::size_t buffer_bytes) : state_(std::make_shared<State>()) {
  state_->most = buffer_bytes;
  std::thread([state = state_, fd] { state->run(fd); }).detach();
}

LogWriter::~LogWriter() {
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
}

bool LogWriter::write(std::string_view text) {
  const std::lock_guard lock(state_->mutex);
  if (text.size() > state_->most - state_->waiting.size()) {
    ++state_->dropped;
    return false;
  }
  state_->waiting += text;
  state_->changed.notify_all();
  return true;
}

bool LogWriter::flush(std::chrono::nanoseconds most) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, most, [this] { return state_->waiting.empty() && !state_->writing; });
}

std::uint64_t LogWriter::dropped() const noexcept {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

}  // namespace server
