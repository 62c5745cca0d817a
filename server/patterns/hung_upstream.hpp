// SPDX-License-Identifier: BSL-1.0
#pragma once
// An upstream that takes every call and never answers one: what a service looks like that hangs.
//
// What it is     a listener on a free port of the loopback interface; what it accepts it holds until the other
//                side closes.
// Guarantees     running out of file descriptors neither spins nor ends it.
// Threads        made anywhere; runs on the loop of the context it is given.
//
//   auto hung = server::HungUpstream::open(loop.io());
//   if (!hung) std::cerr << hung.error();
//   use(hung->url());
//   leash::go(ctx, server::HungUpstream::run(std::move(*hung), ctx), "hung upstream");

#include <asio/basic_socket_acceptor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <expected>
#include <string>
#include <utility>

#include "http/message/target.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace server {

class HungUpstream {
 public:
  // The error is one line.
  static std::expected<HungUpstream, std::string> open(asio::io_context& io);

  http::Url url() const;

  // Until ctx is done. The task owns it, so that it lives as long as it is waited for.
  static leash::Task<> run(HungUpstream upstream, leash::Context ctx);

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
  explicit HungUpstream(Acceptor acceptor) : acceptor_(std::move(acceptor)) {}
  Acceptor acceptor_;
};

}  // namespace server
