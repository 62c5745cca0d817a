// SPDX-License-Identifier: BSL-1.0
#include "loadgen/exporter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <list>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/message/date.hpp"
#include "http/message/message.hpp"
#include "http/message/problem.hpp"
#include "http/message/request_parser.hpp"
#include "http/message/serializer.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace loadgen {
namespace {

using namespace std::chrono_literals;

using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

constexpr std::size_t most_peers = 32;
constexpr leash::Duration most_silence = 60s;   // longer than most scrape intervals
constexpr leash::Duration first_byte_in = 10s;  // of a new connection

// A connection. At the limit, the one that has been silent for the longest time is closed.
struct Peer {
  Peer(const leash::Context& ctx, leash::TimePoint now) : own(leash::with_cancel(ctx)), heard_at(now) {}

  leash::Cancelable own;
  leash::TimePoint heard_at;
};
using Peers = std::list<Peer>;

http::Response answer(const http::Request& request, const Exporter::Render& render) {
  if (request.path != "/metrics") return http::problem(404, "Only /metrics is served here.");
  if (request.method != http::Method::get && request.method != http::Method::head) {
    http::Response refused = http::problem(405, "Only GET and HEAD are allowed.");
    refused.headers.add("Allow", "GET, HEAD");
    return refused;
  }
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = render()};
}

// Appends an answer for each complete request. Returns whether the connection stays open.
bool feed(http::RequestParser& parser, std::span<const char> bytes, const Exporter::Render& render,
          std::string& out) {
  http::DateCache dates;
  for (;;) {
    const http::ParseStep step = parser.feed(bytes);
    bytes = bytes.subspan(step.consumed);
    switch (step.event) {
      case http::ParseEvent::need_more:
        return true;
      case http::ParseEvent::head:
        if (parser.request().expect_continue) http::append_continue(out);
        break;
      case http::ParseEvent::body:
        break;
      case http::ParseEvent::complete: {
        const bool keep = parser.request().keep_alive;
        const auto reply = http::Reply::to(parser.request(), dates.at(std::chrono::system_clock::now()));
        http::append_response(out, answer(parser.request(), render), reply);
        if (!keep) return false;
        parser.reset();
        break;
      }
      case http::ParseEvent::error: {
        http::Response refused = http::problem(parser.error().status, parser.error().detail);
        refused.close = true;
        http::append_response(out, refused, {.date = dates.at(std::chrono::system_clock::now())});
        return false;
      }
    }
  }
}

leash::Task<> talk(leash::Loop& loop, Peer& peer, Socket socket, const Exporter::Render& render) {
  http::Limits limits;
  limits.body_bytes = 4096;
  http::RequestParser parser(limits);
  std::array<char, 4096> buffer;
  std::string out;
  leash::Duration silence = first_byte_in;
  for (bool goes_on = true; goes_on;) {
    const auto patience = leash::with_timeout(peer.own.ctx, std::exchange(silence, most_silence));
    const auto received = co_await socket.async_read_some(asio::buffer(buffer), leash::via(patience.ctx));
    if (!received) co_return;
    peer.heard_at = loop.now();
    out.clear();
    goes_on = feed(parser, std::span(buffer.data(), *received), render, out);
    const auto sent = co_await asio::async_write(socket, asio::buffer(out), leash::via(patience.ctx));
    if (!sent) co_return;
  }
  std::error_code ignored;  // the socket is closed in any case
  (void)socket.shutdown(Socket::shutdown_send, ignored);
}

leash::Task<> serve(leash::Loop& loop, Peers& peers, Peers::iterator peer, Socket socket,
                    const Exporter::Render& render) {
  co_await talk(loop, *peer, std::move(socket), render);
  peers.erase(peer);
}

}  // namespace

std::expected<Exporter, std::string> Exporter::open(asio::io_context& io, const std::string& host,
                                                    std::uint16_t port) {
  std::error_code error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return std::unexpected(fmt::format("cannot listen on '{}': use an IP address", host));
  const asio::ip::tcp::endpoint endpoint(address, port);
  Acceptor acceptor(io.get_executor());
  (void)acceptor.open(endpoint.protocol(), error);
  if (!error) (void)acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) (void)acceptor.bind(endpoint, error);
  if (!error) (void)acceptor.listen(most_peers, error);
  if (error) return std::unexpected(fmt::format("cannot listen on {}:{}: {}", host, port, error.message()));
  return Exporter(std::move(acceptor));
}

std::string Exporter::url() const {
  const auto endpoint = acceptor_.local_endpoint();
  std::string address = endpoint.address().to_string();
  if (endpoint.address().is_v6()) address = fmt::format("[{}]", address);
  return fmt::format("http://{}:{}/metrics", address, endpoint.port());
}

leash::Task<> Exporter::run(Exporter exporter, leash::Loop& loop, leash::Context ctx, Render render) {
  Peers peers;
  leash::Scope serving(ctx);
  while (!ctx.is_done()) {
    Socket socket(exporter.acceptor_.get_executor());
    const auto accepted = co_await exporter.acceptor_.async_accept(socket, leash::via(ctx));
    if (!accepted) {
      (void)co_await leash::sleep(ctx, 50ms);  // perhaps no descriptors are left; the loop checks the context
      continue;
    }
    if (peers.size() >= most_peers) {
      Peer& silent = *std::ranges::min_element(peers, {}, &Peer::heard_at);
      silent.heard_at = leash::TimePoint::max();  // it is being closed
      silent.own.cancel();
    }
    const auto peer = peers.emplace(peers.end(), serving.ctx(), loop.now());
    serving.go(serve(loop, peers, peer, std::move(socket), render), "scrape of our own metrics");
  }
  (void)co_await serving.join();
}

}  // namespace loadgen
