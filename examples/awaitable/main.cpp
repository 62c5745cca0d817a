// SPDX-License-Identifier: BSL-1.0
// An existing program of asio::awaitable coroutines that adopts leash without being rewritten: echo() is unchanged; it is
// called under a context, so that it has a deadline and ends with its owner.
//
//   awaitable                   prints what came back, and how a call without an answer ended

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <utility>

#include "leash/awaitable.hpp"
#include "leash/context.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"

using asio::ip::tcp;
using namespace std::chrono_literals;

// The existing code: two coroutines without any leash.
asio::awaitable<void> echo(tcp::acceptor& acceptor) {
  tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
  std::string text(5, '\0');
  co_await asio::async_read(socket, asio::buffer(text), asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
}

asio::awaitable<std::string> call(tcp::endpoint server, std::string text) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
  co_await asio::async_read(socket, asio::buffer(text), asio::use_awaitable);
  co_return text;
}

// The new code: the same coroutine with a deadline. Exceptions of Asio become the error of a Result.
leash::Task<> call_with_deadline(leash::Context parent, tcp::endpoint server) {
  auto [ctx, cancel] = leash::with_timeout(parent, 100ms);
  auto answer = co_await leash::await(ctx, call(server, "hello"));
  std::cout << (answer ? *answer : answer.error().message()) << '\n';
}

leash::Task<> run(leash::Context ctx, asio::io_context& io) {
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  leash::Scope scope(ctx);
  scope.go(leash::adopt(scope.ctx(), echo(acceptor)), "echo");
  co_await call_with_deadline(ctx, acceptor.local_endpoint());  // is answered
  co_await call_with_deadline(ctx, acceptor.local_endpoint());  // is not: echo() serves one connection
  if (auto joined = co_await scope.join(); !joined) std::cout << joined.error().message() << '\n';
}

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), run(loop.background(), io));
  if (auto ran = loop.run(); !ran) std::cerr << ran.error().message() << '\n';
  std::cout << "left: " << leash::live_tasks(loop) << " tasks\n";
}
