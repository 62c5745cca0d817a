// SPDX-License-Identifier: BSL-1.0
// A websocket echo server with Boost.Beast and boost::asio::awaitable coroutines. It links leash::boost_awaitables, so that
// SIGUSR1 prints the live coroutines and where each waits; the rest of the program does not use
// leash.
//
//   beast_websocket             listens on a free port and says which; SIGTERM ends it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <csignal>
#include <iostream>
#include <utility>

#include "leash/coroutines.hpp"

namespace net = boost::asio;
using net::ip::tcp;
using Websocket = boost::beast::websocket::stream<tcp::socket>;

net::awaitable<void> talk(Websocket websocket) {
  co_await websocket.async_accept(net::use_awaitable);
  boost::beast::flat_buffer buffer;
  for (;;) {
    co_await websocket.async_read(buffer, net::use_awaitable);
    websocket.text(websocket.got_text());
    co_await websocket.async_write(buffer.data(), net::use_awaitable);
    buffer.clear();
  }
}

net::awaitable<void> serve(tcp::acceptor acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(acceptor.get_executor(), talk(Websocket(std::move(socket))), net::detached);
  }
}

net::awaitable<void> handle_signals(net::io_context& io) {
  net::signal_set signals(io, SIGUSR1, SIGTERM);
  while (co_await signals.async_wait(net::use_awaitable) == SIGUSR1)
    std::cerr << leash::coroutine_dump() << "end\n" << std::flush;
  io.stop();
}

int main() {
  net::io_context io(1);
  tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
  std::cout << "listening on 127.0.0.1:" << acceptor.local_endpoint().port() << "\n" << std::flush;
  net::co_spawn(io, handle_signals(io), net::detached);
  net::co_spawn(io, serve(std::move(acceptor)), net::detached);
  io.run();
}
