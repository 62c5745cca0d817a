// SPDX-License-Identifier: BSL-1.0
#pragma once
// The signals that shut a server down: SIGINT, SIGTERM and SIGHUP.
//
// What it is     the first signal completes first(); the second ends the process at once with status 128 + signal,
//                whatever its threads are doing, because the signal handler does it without any loop.
// Requires       one object per process at a time. A SIGHUP that was ignored at construction (nohup) stays ignored.
// Threads        first(): the loop's. Signals may arrive on any thread.
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
  // Throws std::system_error if no descriptor can be created.
  explicit Signals(asio::io_context& io);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  // restores the former signal actions

  leash::Task<leash::Result<int>> first(leash::Context ctx);

 private:
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> arrived_;
};

}  // namespace server
