// SPDX-License-Identifier: BSL-1.0
#include "server/patterns/hung_upstream.hpp"

#include <array>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <new>
#include <system_error>

#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace server {
namespace {

using namespace std::chrono_literals;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

leash::Task<> hold(leash::Context ctx, Socket socket) {
  std::array<char, 256> unread;
  for (leash::Result<std::size_t> n = 0; n;) {
    n = co_await socket.async_read_some(asio::buffer(unread), leash::via(ctx));
  }
}

}  // namespace

std::expected<HungUpstream, std::string> HungUpstream::open(asio::io_context& io) {
  const asio::ip::tcp::endpoint anywhere(asio::ip::address_v4::loopback(), 0);
  Acceptor acceptor(io.get_executor());
  std::error_code error;
  acceptor.open(anywhere.protocol(), error);
  if (!error) acceptor.bind(anywhere, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return std::unexpected("cannot listen on 127.0.0.1 for the pattern upstream: " + error.message());
  return HungUpstream(std::move(acceptor));
}

http::Url HungUpstream::url() const {
  http::Url url;
  url.host = "127.0.0.1";
  url.port = acceptor_.local_endpoint().port();
  return url;
}

leash::Task<> HungUpstream::run(HungUpstream upstream, leash::Context ctx) {
  leash::Scope held(ctx);
  while (!ctx.is_done()) {
    Socket socket(upstream.acceptor_.get_executor());
    const leash::Result<> accepted = co_await upstream.acceptor_.async_accept(socket, leash::via(ctx));
    if (accepted) {
      try {
        held.go(hold(held.ctx(), std::move(socket)), "hung call");
      } catch (const std::bad_alloc&) {  // this call does not hang: it is closed
      }
    } else {
      (void)co_await leash::sleep(ctx, 50ms);  // no descriptor, most likely
    }
  }
  (void)co_await held.join();  // they were told to stop
}

}  // namespace server
