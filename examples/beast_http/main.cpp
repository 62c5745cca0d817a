// SPDX-License-Identifier: BSL-1.0
// An HTTP server with Boost.Beast and boost::asio::awaitable coroutines. It links leash::boost_awaitables, so that SIGUSR1
// prints the live coroutines and where each waits; the rest of the program does not use leash.
//
//   beast_http                  listens on a free port and says which; SIGTERM ends it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <utility>

#include "leash/coroutines.hpp"

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::beast::tcp_stream;
using net::ip::tcp;

http::response<http::string_body> reply_to(const http::request<http::string_body>& request) {
  http::response<http::string_body> response(http::status::ok, request.version());
  response.set(http::field::content_type, "text/plain");
  response.keep_alive(request.keep_alive());
  response.body() = std::string(request.target()) + "\n";
  response.prepare_payload();
  return response;
}

net::awaitable<void> answer(tcp_stream stream) {
  boost::beast::flat_buffer buffer;
  for (bool more = true; more;) {
    http::request<http::string_body> request;
    stream.expires_after(std::chrono::seconds(30));
    co_await http::async_read(stream, buffer, request, net::use_awaitable);
    const http::response<http::string_body> response = reply_to(request);
    co_await http::async_write(stream, response, net::use_awaitable);
    more = response.keep_alive();
  }
}

net::awaitable<void> serve(tcp::acceptor acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(net::use_awaitable);
    net::co_spawn(acceptor.get_executor(), answer(tcp_stream(std::move(socket))), net::detached);
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
