// SPDX-License-Identifier: BSL-1.0
#include "client/connection.hpp"

#include <sys/socket.h>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/basic_resolver.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <string_view>
#include <utility>

#include "client/error.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"

namespace client {
namespace {

bool peer_has_gone(const std::error_code& error) noexcept {
  return error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::broken_pipe;
}

}  // namespace

Connection::Connection(asio::io_context& io, const http::ResponseLimits& limits)
    : socket_(io.get_executor()), limits_(limits), parser_(limits) {}

void Connection::close() noexcept {
  std::error_code ignored;  // the descriptor is gone either way
  (void)socket_.close(ignored);
}

leash::Result<> Connection::failed(std::error_code error) noexcept {
  close();
  if (peer_has_gone(error)) {
    const std::string_view cause = error == asio::error::eof ? "" : "connection reset";
    error = make_error_code(response_started_ ? errc::truncated : errc::refused, cause);
  }
  // Asio's category for errno compares equal to no std::errc.
  if (error.category() == asio::error::get_system_category())
    error.assign(error.value(), std::system_category());
  return std::unexpected(error);
}

bool Connection::is_fresh() noexcept {
  if (!is_open()) return false;
  char byte = 0;
  const auto peeked = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

leash::Task<leash::Result<>> Connection::connect(leash::Context ctx, std::string host, std::uint16_t port) {
  std::error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return co_await connect_to(ctx, asio::ip::tcp::endpoint(address, port));

  asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver(socket_.get_executor());
  const std::string service = std::to_string(port);
  auto found = co_await resolver.async_resolve(host, service, leash::via(ctx));
  if (!found) co_return failed(found.error());
  leash::Result<> connected = std::unexpected(make_error_code(asio::error::host_not_found));
  for (const auto& entry : *found) {
    connected = co_await connect_to(ctx, entry.endpoint());
    if (connected || ctx.is_done()) break;
  }
  co_return connected;
}

leash::Task<leash::Result<>> Connection::connect_to(leash::Context ctx, asio::ip::tcp::endpoint endpoint) {
  close();
  parser_ = http::ResponseParser(limits_);  // a failed one stays failed
  response_started_ = false;
  std::error_code error;
  (void)socket_.open(endpoint.protocol(), error);
  if (error) co_return failed(error);
  auto connected = co_await socket_.async_connect(endpoint, leash::via(ctx));
  if (!connected) co_return failed(connected.error());
  (void)socket_.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error) (void)socket_.non_blocking(true, error);
  if (error) co_return failed(error);
  co_return leash::Result<>();
}

// Most requests fit into the socket's buffer: no need to wait for anything.
leash::Result<std::size_t> Connection::send_now(std::string_view bytes) noexcept {
  response_started_ = false;
  std::error_code error;
  const std::size_t written = socket_.write_some(asio::buffer(bytes), error);
  bytes_sent_ += written;
  if (!error || error == asio::error::would_block) return written;
  if (peer_has_gone(error)) return bytes.size();  // after an answer, perhaps: receive() sees
  return std::unexpected(error);
}

leash::Task<leash::Result<>> Connection::send_rest(leash::Context ctx, std::string_view bytes) {
  std::size_t written = 0;
  auto sent = co_await asio::async_write(socket_, asio::buffer(bytes), leash::via(ctx, written));
  bytes_sent_ += written;
  if (!sent && !peer_has_gone(sent.error())) co_return std::unexpected(sent.error());
  co_return leash::Result<>();
}

leash::Task<leash::Result<>> Connection::send(leash::Context ctx, std::string_view bytes) {
  if (const auto done = ctx.err()) co_return failed(done);
  const auto written = send_now(bytes);
  if (!written) co_return failed(written.error());
  if (*written == bytes.size()) co_return leash::Result<>();
  auto sent = co_await send_rest(ctx, bytes.substr(*written));
  if (!sent) co_return failed(sent.error());
  co_return sent;
}

leash::Task<leash::Result<>> Connection::exchange(leash::Context ctx, std::string_view bytes,
                                                  http::RequestKind kind, std::string* body) {
  if (const auto done = ctx.err()) co_return failed(done);
  const auto written = send_now(bytes);
  if (!written) co_return failed(written.error());
  if (*written == bytes.size()) co_return co_await receive(ctx, kind, body);

  leash::Scope sending(ctx);
  sending.go(send_rest(sending.ctx(), bytes.substr(*written)), "send a large request");
  auto received = co_await receive(sending.ctx(), kind, body);
  const bool all_sent = sending.live() == 0;
  sending.cancel();
  const auto sent = co_await sending.join();
  if (!sent && !ctx.is_done()) co_return failed(sent.error());  // why there is nothing to receive
  if (!all_sent) close();
  co_return received;
}

leash::Task<leash::Result<>> Connection::receive(leash::Context ctx, http::RequestKind kind,
                                                 std::string* body) {
  parser_.reset(kind);
  if (!buffer_) buffer_ = std::make_unique<std::array<char, buffer_bytes>>();
  for (;;) {
    auto received = co_await socket_.async_read_some(asio::buffer(*buffer_), leash::via(ctx));
    if (received) {
      bytes_received_ += *received;
      response_started_ = true;
      if (auto outcome = take(std::string_view(buffer_->data(), *received), body)) co_return *outcome;
    } else if (received.error() == asio::error::eof && parser_.on_eof() == http::ParseEvent::complete) {
      close();  // it ends where the connection does
      co_return leash::Result<>();
    } else {
      co_return failed(received.error());
    }
  }
}

std::optional<leash::Result<>> Connection::take(std::string_view bytes, std::string* body) {
  for (;;) {
    const http::ParseStep step = parser_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    switch (step.event) {
      case http::ParseEvent::need_more:
        return std::nullopt;
      case http::ParseEvent::head:
        break;
      case http::ParseEvent::body:
        if (body) body->append(step.body);
        break;
      case http::ParseEvent::complete:
        // Bytes after a response answer nothing that was asked.
        if (!can_be_used_again() || !bytes.empty()) close();
        return leash::Result<>();
      case http::ParseEvent::error: {
        const http::ParseError& error = parser_.error();
        return failed(make_error_code(error.too_large ? errc::too_large : errc::malformed, error.detail));
      }
    }
  }
}

bool Connection::can_be_used_again() const noexcept {
  const http::ResponseHead& head = parser_.response();
  // Some follow a 204 with the body that they announce. Nobody would have asked for it.
  const bool announces_a_body = head.chunked || head.content_length.value_or(0) > 0;
  return parser_.keep_alive() && !(head.status == 204 && announces_a_body);
}

}  // namespace client
