// SPDX-License-Identifier: BSL-1.0
#pragma once
// Serves a text under /metrics, for Prometheus.
//
// What it is     a small HTTP server on the calling loop: GET, HEAD and keep-alive only.
// Guarantees     limits the size and duration of requests and the number of clients: a new client replaces the one that has
//                been silent for longest; a bad request is answered and its connection closed. When run()
//                returns, everything is closed.
// Threads        the loop's.
// Lifetime       run() owns the exporter; `render` is called for each scrape.
//
//   auto exporter = loadgen::Exporter::open(loop.io(), "127.0.0.1", 0);
//   if (!exporter) return fail(exporter.error());   // "cannot listen on 127.0.0.1:80: Permission denied"
//   std::cout << exporter->url();                   // "http://127.0.0.1:40123/metrics"
//   scope.go(loadgen::Exporter::run(std::move(*exporter), loop, scope.ctx(), render), "exporter");

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "leash/context.hpp"
#include "leash/loop.hpp"
#include "leash/task.hpp"

namespace loadgen {

class Exporter {
 public:
  using Render = std::function<std::string()>;

  // Port 0 picks a free port. The error is one line.
  static std::expected<Exporter, std::string> open(asio::io_context& io, const std::string& host,
                                                   std::uint16_t port);

  std::string url() const;

  static leash::Task<> run(Exporter exporter, leash::Loop& loop, leash::Context ctx, Render render);

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

  explicit Exporter(Acceptor acceptor) : acceptor_(std::move(acceptor)) {}

  Acceptor acceptor_;
};

}  // namespace loadgen
