// SPDX-License-Identifier: BSL-1.0
// Asks its own inspector.
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <cstdio>
#include <leash/channel.hpp>
#include <leash/go.hpp>
#include <leash/inspector.hpp>
#include <leash/loop.hpp>
#include <string>

#include "http/router.hpp"

leash::Task<> wait(leash::Context ctx, leash::Channel<int> never) { (void)co_await never.receive(ctx); }

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::Channel<int> never;
  auto stop = leash::with_cancel(loop.background());
  leash::go(stop.ctx, wait(stop.ctx, never), "waiter");
  const auto inspector = leash::Inspector::start({.name = "<service>"});
  if (!inspector) return std::puts(inspector.error().c_str()), 1;
  const std::string port = inspector->url().substr(inspector->url().rfind(':') + 1);

  asio::ip::tcp::socket socket(io);
  asio::connect(socket, asio::ip::tcp::resolver(io).resolve("127.0.0.1", port));
  asio::write(socket,
              asio::buffer(std::string("GET /debug/tree?format=text HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                       "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
                                       "Connection: close\r\n\r\n")));
  std::string answer;
  asio::error_code ended;
  asio::read(socket, asio::dynamic_buffer(answer), ended);
  const bool shown = answer.contains("\"waiter\"") && answer.contains("<title>&lt;service&gt;</title>");
  if (!shown) std::puts(answer.c_str());

  const bool mine = http::server::Router().routes == 7 && http::escape_html("a") == "mine: a" &&
                    process::resident_bytes() == 42;
  if (!mine) std::puts("it is not the program's own function that was called");
  stop.cancel();
  io.poll();
  return shown && mine ? 0 : 1;
}
