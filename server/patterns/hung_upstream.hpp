// SPDX-License-Identifier: BSL-1.0
#pragma once
// An upstream that accepts every call and never answers, like a service that hangs.
//
// What it is     a listener on a free port of the loopback interface; it holds each connection until the client closes
//                it.
// Guarantees     running out of file descriptors neither makes it spin nor ends it.
// Threads        created on any thread; runs on the loop of its context.
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

  // Runs until ctx is done. The task owns the upstream, so that it lives as long as the task.
  static leash::Task<> run(HungUpstream upstream, leash::Context ctx);

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
  explicit HungUpstream(Acceptor acceptor) : acceptor_(std::move(acceptor)) {}
  Acceptor acceptor_;
};

}  // namespace server
