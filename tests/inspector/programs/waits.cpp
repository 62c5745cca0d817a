// SPDX-License-Identifier: BSL-1.0
// A program that does not use leash, with twelve coroutines: eleven wait for data that never arrives, and one waits
// for them.
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <deque>

using Socket = asio::local::stream_protocol::socket;

asio::awaitable<void> receive(Socket& socket) {
  std::array<char, 1> byte;
  co_await asio::async_read(socket, asio::buffer(byte), asio::use_awaitable);
}

asio::awaitable<void> accept_all(asio::io_context& io, std::deque<std::pair<Socket, Socket>>& pairs) {
  for (int i = 0; i < 11; ++i) {
    auto& [near, far] = pairs.emplace_back(Socket(io), Socket(io));
    asio::local::connect_pair(near, far);
    asio::co_spawn(io, receive(near), asio::detached);
  }
  asio::steady_timer never(io, asio::steady_timer::time_point::max());
  asio::post(io, [] { std::puts("ready"), std::fflush(stdout); });
  co_await never.async_wait(asio::use_awaitable);
}

int main() {
  asio::io_context io;
  std::deque<std::pair<Socket, Socket>> pairs;
  asio::co_spawn(io, accept_all(io, pairs), asio::detached);
  io.run();
}
