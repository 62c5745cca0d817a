// SPDX-License-Identifier: BSL-1.0
#include <asio/ip/tcp.hpp>
#include <asio/ssl.hpp>

#include "leash/via.hpp"
#include "site.hpp"

// Both ends of a handshake that fails, because the server has no certificate: what matters is that it links and runs.
leash::Task<> handshake(leash::Context ctx, asio::io_context& io, bool& failed) {
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket near(io);
  near.connect(acceptor.local_endpoint());
  asio::ssl::context tls(asio::ssl::context::tls_server);
  asio::ssl::stream<asio::ip::tcp::socket> far(acceptor.accept(), tls);
  near.close();
  auto done = co_await far.async_handshake(asio::ssl::stream_base::server, leash::via(ctx));
  failed = !done;
}

int main() {
  asio::io_context io{1};
  leash::Loop loop{io};
  { const asio::io_context::work work(io); }
  bool failed = false;
  leash::go(loop.background(), handshake(loop.background(), io, failed));
  if (!loop.run() || !failed) return 1;
  return reported_site_is("site.hpp");
}
