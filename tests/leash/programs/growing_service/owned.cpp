// SPDX-License-Identifier: BSL-1.0
// service.cpp with an owner for each connection, which observes: the verdict is exact, and nothing else changes.

#include <asio.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "leash/co_spawn.hpp"

using asio::awaitable, asio::co_spawn, asio::detached, asio::use_awaitable, asio::ip::tcp;
using Notes = asio::experimental::concurrent_channel<void(std::error_code, std::string)>;

struct Connection {
  explicit Connection(tcp::socket s) : socket(std::move(s)), notes(socket.get_executor(), 8) {}
  tcp::socket socket;
  Notes notes;  // what is to be written to a journal
  std::string journal;
};
using Shared = std::shared_ptr<Connection>;

// Writes down what the connection notes. Nothing closes the channel: it waits for the next note for ever.
awaitable<void> keep_journal(Shared connection) {
  for (;;) connection->journal += co_await connection->notes.async_receive(use_awaitable);
}

// Says goodbye when the timer is canceled, which nothing does.
awaitable<void> say_goodbye(Shared connection) {
  asio::steady_timer until_the_end(connection->socket.get_executor(), asio::steady_timer::time_point::max());
  co_await until_the_end.async_wait(use_awaitable);
  co_await asio::async_write(connection->socket, asio::buffer("bye\n", 4), use_awaitable);
}

awaitable<void> reply(Connection& connection, int number) {
  const std::string line = std::to_string(number) + "\n";
  co_await connection.notes.async_send(std::error_code(), line, use_awaitable);
  co_await asio::async_write(connection.socket, asio::buffer(line), use_awaitable);
}

awaitable<void> serve(Shared connection) {
  const auto executor = connection->socket.get_executor();
  const leash::Owner owner("a connection");
  leash::co_spawn(leash::observe(owner), executor, keep_journal(connection), detached);
  leash::co_spawn(leash::observe(owner), executor, say_goodbye(connection), detached);
  try {
    std::string buffer;
    for (int number = 1;; ++number) {
      auto lines = asio::dynamic_buffer(buffer);
      const std::size_t length =
          co_await asio::async_read_until(connection->socket, lines, '\n', use_awaitable);
      buffer.erase(0, length);
      co_await reply(*connection, number);
    }
  } catch (const std::system_error&) {  // the client has gone
  }
}

awaitable<void> accept(tcp::acceptor& acceptor) {
  for (;;) {
    auto strand = asio::make_strand(acceptor.get_executor());
    tcp::socket socket = co_await acceptor.async_accept(strand, use_awaitable);
    co_spawn(strand, serve(std::make_shared<Connection>(std::move(socket))), detached);
  }
}

int main(int count, char** arguments) {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](auto, auto) { io.stop(); });
  co_spawn(io, accept(acceptor), detached);
  std::cout << "port " << acceptor.local_endpoint().port() << std::endl;
  std::vector<std::jthread> threads;
  for (int i = 1; i < (count > 1 ? std::atoi(arguments[1]) : 1); ++i) threads.emplace_back([&] { io.run(); });
  io.run();
}
