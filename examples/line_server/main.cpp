// SPDX-License-Identifier: BSL-1.0
// A line server: it answers each line with the same line in upper case. A client has ten seconds to send a line and two to
// take the answer; SIGINT or SIGTERM tells every connection to stop, and the program ends when all of them have.
//
//   line_server 4000            in another terminal: nc 127.0.0.1 4000

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/write.hpp>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"

using asio::ip::tcp;
using namespace std::chrono_literals;

// A Context is taken by value: it is a handle, and the task keeps it as long as it lives.
leash::Task<leash::Result<std::string>> read_line(leash::Context parent, tcp::socket& socket,
                                                  std::string& buffer) {
  auto [ctx, cancel] = leash::with_timeout(parent, 10s);
  auto size =
      co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer, 4096), '\n', leash::via(ctx));
  if (!size)
    co_return std::unexpected(size.error());  // the deadline, the end of ctx, or an error of the socket
  std::string line = buffer.substr(0, *size);
  buffer.erase(0, *size);
  co_return line;
}

leash::Task<leash::Result<>> write(leash::Context parent, tcp::socket& socket, const std::string& line) {
  auto [ctx, cancel] = leash::with_timeout(parent, 2s);
  auto written = co_await asio::async_write(socket, asio::buffer(line), leash::via(ctx));
  if (!written) co_return std::unexpected(written.error());
  co_return leash::Result<>();
}

// Serves one connection. The end of a connection is no error of the server, so this is a Task<void>.
leash::Task<> serve(leash::Context ctx, tcp::socket socket) {
  std::string buffer;
  while (true) {
    auto line = co_await read_line(ctx, socket, buffer);
    if (!line) {
      if (line.error() == leash::errc::deadline_exceeded)
        std::cout << "a client sent no line for 10 s\n" << std::flush;
      co_return;
    }
    std::ranges::transform(*line, line->begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (auto written = co_await write(ctx, socket, *line); !written) co_return;
  }
}

// The scope ends when all connections have ended.
leash::Task<> listen(leash::Context ctx, tcp::acceptor acceptor) {
  leash::Scope connections(ctx);
  while (true) {
    auto socket = co_await acceptor.async_accept(leash::via(ctx));
    if (!socket) break;  // ctx is done
    connections.go(serve(connections.ctx(), std::move(*socket)), "connection");
  }
  connections.cancel();
  if (auto joined = co_await connections.join(); !joined)
    std::cout << joined.error().message() << '\n' << std::flush;
}

int main(int argc, char** argv) {
  asio::io_context io{1};
  leash::Loop loop{io};
  auto [ctx, cancel] = leash::with_cancel(loop.background());

  const auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), port});
  std::cout << "listening on 127.0.0.1:" << acceptor.local_endpoint().port() << '\n' << std::flush;

  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&cancel = cancel](asio::error_code, int) { cancel(); });
  leash::go(ctx, listen(ctx, std::move(acceptor)), "listener");
  if (auto ran = loop.run(); !ran) std::cerr << ran.error().message() << '\n';
  std::cout << "left: " << leash::live_tasks(loop) << " tasks\n" << std::flush;
}
