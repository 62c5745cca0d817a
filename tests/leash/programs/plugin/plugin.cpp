// SPDX-License-Identifier: BSL-1.0
// A library with a coroutine, which a program loads, uses and unloads.

#include <asio.hpp>

static asio::awaitable<void> work_of_plugin() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

extern "C" void run_plugin(asio::io_context& io) {
  asio::co_spawn(io, work_of_plugin(), asio::detached);
  io.run();
}
