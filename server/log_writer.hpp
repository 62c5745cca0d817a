// SPDX-License-Identifier: BSL-1.0
#pragma once
// Writes text to a file descriptor on a separate thread, so that a slow reader blocks no other thread.
//
// Guarantees     write() never waits for the descriptor: a text that does not fit into the buffer is dropped as a whole
//                and counted.
// Threads        any.
// Lifetime       its thread is not joined, because it may be in a write that never returns; it ends with the process.
//
//   server::LogWriter writer(STDERR_FILENO);
//   writer.write("a line\n");
//   (void)writer.flush(1s);  // before the process ends

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace server {

class LogWriter {
 public:
  static constexpr std::size_t usual_buffer = 1024 * 1024;

  explicit LogWriter(int fd, std::size_t buffer_bytes = usual_buffer);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();

  // Returns false if the text was dropped. Throws std::bad_alloc.
  bool write(std::string_view text);
  // Waits until all has been written, at most for `most`. Returns false if something is left.
  bool flush(std::chrono::nanoseconds most);

  std::uint64_t dropped() const noexcept;  // texts dropped since the start

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace server
