// SPDX-License-Identifier: BSL-1.0
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>

// Waits on the io_context of the program.
int waits(asio::io_context& io) {
  int waited = 0;
  asio::steady_timer timer(io, std::chrono::milliseconds(1));
  timer.async_wait([&](asio::error_code ec) { waited += ec ? 0 : 1; });
  io.restart();  // it may have been run before
  io.run();
  io.restart();
  return waited;
}
