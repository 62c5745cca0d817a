// SPDX-License-Identifier: BSL-1.0
// A program that does not use leash: a coroutine on a thread of a pool blocks until standard input ends.
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <thread>

asio::awaitable<void> block() {
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) != 0) {
  }
  co_return;
}

asio::awaitable<void> session(asio::io_context& io) {
  asio::steady_timer soon(io, std::chrono::milliseconds(1));
  co_await soon.async_wait(asio::use_awaitable);
  co_await block();
  std::puts("returned");
  std::fflush(stdout);
  soon.expires_at(asio::steady_timer::time_point::max());
  co_await soon.async_wait(asio::use_awaitable);
}

int main() {
  asio::io_context io;
  asio::co_spawn(io, session(io), asio::detached);
  std::thread other([&] { io.run(); });
  io.run();
  other.join();
}
