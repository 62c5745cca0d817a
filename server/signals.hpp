// SPDX-License-Identifier: BSL-1.0
#pragma once
// The signals that end a server: SIGINT, SIGTERM and SIGHUP.
//
// What it is     the first one completes first(); the second one ends the process at once, with status 128 + signal,
//                whatever any thread is doing: the operating system's handler does it, and no loop is asked.
// Requires       one at a time in a process. A SIGHUP that was ignored when it was made (nohup) stays ignored.
// Threads        first(): the loop's. Signals may come to any thread.
// Lifetime       outlives the task of first(); destroyed before its io_context.
//
//   server::Signals signals(io);
//   const leash::Result<int> signal = co_await signals.first(ctx);

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace server {

class Signals {
 public:
  // Throws std::system_error when there is no descriptor for it.
  explicit Signals(asio::io_context& io);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  // they do again what they did before

  leash::Task<leash::Result<int>> first(leash::Context ctx);

 private:
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> arrived_;
};

}  // namespace server
