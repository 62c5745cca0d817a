// SPDX-License-Identifier: BSL-1.0
#include "client/connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/host_name_verification.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <deque>
#include <string_view>
#include <utility>

#include "client/error.hpp"
#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/via.hpp"

namespace client {
namespace {

bool peer_has_gone(const std::error_code& error) noexcept {
  return error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated;
}

// OpenSSL reports any other protocol, such as a plain HTTP response, as an unknown version of TLS.
std::error_code handshake_error(const std::error_code& error) noexcept {
  const auto code = static_cast<unsigned long>(error.value());
  if (error.category() != asio::error::get_ssl_category() ||
      ERR_GET_REASON(code) != SSL_R_WRONG_VERSION_NUMBER)
    return error;
  return make_error_code(errc::not_tls, ::ERR_reason_error_string(code));
}

}  // namespace

struct Connection::Tls {
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}
  asio::ssl::stream<Socket&> stream;
};

Connection::Connection(asio::io_context& io, const http::ResponseLimits& limits,
                       std::shared_ptr<TlsContext> tls)
    : io_(io), socket_(io.get_executor()), tls_context_(std::move(tls)), limits_(limits), parser_(limits) {}
Connection::~Connection() = default;

void Connection::close() noexcept {
  std::error_code ignored;  // the descriptor is closed even if this fails
  (void)socket_.close(ignored);
}

leash::Result<> Connection::failed(std::error_code error) noexcept {
  close();
  if (peer_has_gone(error)) {
    const std::string_view cause = error == asio::error::eof ? "" : "connection reset";
    error = make_error_code(response_started_ ? errc::truncated : errc::refused, cause);
  }
  // Codes of Asio's category for errno do not compare equal to std::errc; those of the generic category do.
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

leash::Task<leash::Result<>> Connection::connect(leash::Context ctx, Origin origin) {
  std::vector<Endpoint> endpoints;
  if (origin.unix_socket.empty()) {
    auto resolved = co_await resolve(ctx, io_, origin.host, origin.port);
    if (!resolved) co_return failed(resolved.error());
    endpoints = *std::move(resolved);
  } else if (origin.unix_socket.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return failed(make_error_code(std::errc::filename_too_long));
  } else {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(origin.unix_socket));
  }
  co_return co_await connect(ctx, std::move(origin), std::move(endpoints));
}

leash::Task<leash::Result<>> Connection::connect(leash::Context ctx, Origin origin,
                                                 std::vector<Endpoint> endpoints) {
  close();
  tls_.reset();
  parser_ = http::ResponseParser(limits_);  // a parser that has failed cannot be used again
  response_started_ = used_ = false;
  arrived_ = {};
  leash::Result<> connected;
  if (endpoints.size() == 1) {
    connected = co_await connect_to(ctx, socket_, endpoints.front());
  } else {
    connected = co_await connect_first(ctx, std::move(endpoints));
  }
  if (!connected) co_return failed(connected.error());
  std::error_code error;
  if (origin.unix_socket.empty()) (void)socket_.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error) (void)socket_.non_blocking(true, error);
  if (error) co_return failed(error);
  http::report_rest(socket_);
  if (!origin.tls && notes_arrivals_) http::report_arrivals(socket_);
  if (!origin.tls) co_return leash::Result<>();
  co_return co_await shake_hands(ctx, std::move(origin.host));
}

leash::Task<leash::Result<>> Connection::connect_to(leash::Context ctx, Socket& socket, Endpoint endpoint) {
  std::error_code error;
  (void)socket.open(endpoint.protocol(), error);
  if (error) co_return std::unexpected(error);
  auto connected = co_await socket.async_connect(endpoint, leash::via(ctx));
  if (!connected) co_return std::unexpected(connected.error());
  // TCP can connect a socket to itself (simultaneous open) when the port is in its own ephemeral range.
  const bool is_tcp = endpoint.protocol().family() != AF_UNIX;
  if (is_tcp && socket.local_endpoint(error) == socket.remote_endpoint(error))
    co_return std::unexpected(make_error_code(asio::error::connection_refused));
  co_return leash::Result<>();
}

// One of several connection attempts that run at the same time.
struct Connection::Attempt {
  explicit Attempt(asio::io_context& io) : socket(io.get_executor()) {}

  static leash::Task<> run(leash::Context ctx, Attempt& attempt, Endpoint endpoint,
                           leash::Channel<Attempt*> ended) {
    attempt.outcome = co_await connect_to(ctx, attempt.socket, endpoint);
    Attempt* const self = &attempt;
    (void)co_await ended.send(self);  // the channel has room for all attempts
  }

  Socket socket;
  leash::Result<> outcome;
};

leash::Task<leash::Result<>> Connection::connect_first(leash::Context ctx, std::vector<Endpoint> endpoints) {
  constexpr leash::Duration head_start = std::chrono::milliseconds(250);
  leash::Result<> outcome = std::unexpected(make_error_code(asio::error::host_not_found));
  leash::Channel<Attempt*> ended(endpoints.size());
  std::deque<Attempt> attempts;
  leash::Scope trying(ctx);
  std::size_t open = 0;
  Attempt* winner = nullptr;
  while (!winner && !ctx.is_done() && (open > 0 || attempts.size() < endpoints.size())) {
    std::optional<leash::Cancelable> patience;
    leash::Context until = trying.ctx();
    if (attempts.size() < endpoints.size()) {
      Attempt& next = attempts.emplace_back(io_);
      trying.go(Attempt::run(trying.ctx(), next, endpoints[attempts.size() - 1], ended), "connect");
      ++open;
      patience.emplace(leash::with_timeout(trying.ctx(), head_start));
      if (attempts.size() < endpoints.size()) until = patience->ctx;
    }
    const auto attempt = co_await ended.receive(until);
    if (!attempt) continue;  // 250 ms have passed: start the next attempt
    --open;
    outcome = (*attempt)->outcome;
    if (outcome) winner = *attempt;
  }
  if (const auto done = ctx.err()) outcome = std::unexpected(done);
  trying.cancel();
  (void)co_await trying.join();
  if (winner && outcome) socket_ = std::move(winner->socket);
  co_return outcome;
}

leash::Task<leash::Result<>> Connection::shake_hands(leash::Context ctx, std::string host) {
  if (!tls_context_) co_return failed(make_error_code(std::errc::protocol_not_supported));
  tls_ = std::make_unique<Tls>(socket_, tls_context_->ssl());
  std::error_code not_numeric;
  (void)asio::ip::make_address(host, not_numeric);
  if (not_numeric)
    ::SSL_set_tlsext_host_name(tls_->stream.native_handle(),
                               host.c_str());  // RFC 6066: only for names, not addresses
  if (tls_context_->checks()) {
    std::error_code error;
    (void)tls_->stream.set_verify_callback(asio::ssl::host_name_verification(host), error);
    if (error) co_return failed(error);
  }
  auto shaken = co_await tls_->stream.async_handshake(asio::ssl::stream_base::client, leash::via(ctx));
  if (!shaken) co_return failed(handshake_error(shaken.error()));
  co_return shaken;
}

// Most requests fit into the socket's buffer and are sent without waiting.
leash::Result<std::size_t> Connection::send_now(std::string_view bytes) noexcept {
  response_started_ = false;
  if (tls_) return std::size_t{0};
  std::error_code error;
  const std::size_t written = socket_.write_some(asio::buffer(bytes), error);
  bytes_sent_ += written;
  if (!error || error == asio::error::would_block) return written;
  if (peer_has_gone(error)) return bytes.size();  // the server may have responded first: receive() finds out
  return std::unexpected(error);
}

leash::Task<leash::Result<>> Connection::send_rest(leash::Context ctx, std::string_view bytes) {
  std::size_t written = 0;
  leash::Result<> sent;
  if (tls_) {
    const auto all = co_await asio::async_write(tls_->stream, asio::buffer(bytes), leash::via(ctx, written));
    if (!all) sent = std::unexpected(all.error());
  } else {
    const auto all = co_await asio::async_write(socket_, asio::buffer(bytes), leash::via(ctx, written));
    if (!all) sent = std::unexpected(all.error());
  }
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
  expect(kind);
  if (!used_ || tls_ || !http::reads_report) {
    if (used_ && !is_fresh()) co_return failed(make_error_code(errc::refused));
    const auto written = send_now(bytes);
    if (!written) co_return failed(written.error());
    if (*written == bytes.size()) co_return co_await receive_rest(ctx, body);
    co_return co_await receive_while_sending(ctx, bytes.substr(*written), body);
  }
  // Started first, the read tells whether something had arrived, so that no call is needed for that.
  bool is_stale = false;
  auto reading = socket_.async_read_some(room(&is_stale), leash::via(ctx));
  leash::Result<std::size_t> written = 0;
  if (!is_stale) {
    const std::uint64_t sent_before = bytes_sent_;
    written = send_now(bytes);
    is_stale = written && *written > 0 && bytes_sent_ == sent_before;  // a reset came with the last response
  }
  if (is_stale || !written || *written < bytes.size()) {
    std::error_code ignored;  // it does not fail for an open socket
    (void)socket_.cancel(ignored);
    (void)co_await reading;
    if (is_stale) co_return failed(make_error_code(errc::refused));
    if (!written) co_return failed(written.error());
    co_return co_await receive_while_sending(ctx, bytes.substr(*written), body);
  }
  const auto received = co_await reading;
  if (auto outcome = take(received, body)) co_return *outcome;
  co_return co_await receive_rest(ctx, body);
}

leash::Task<leash::Result<>> Connection::receive_while_sending(leash::Context ctx, std::string_view rest,
                                                               std::string* body) {
  leash::Scope sending(ctx);
  sending.go(send_rest(sending.ctx(), rest), "send a large request");
  auto received = co_await receive_rest(sending.ctx(), body);
  const bool all_sent = sending.live() == 0;
  sending.cancel();
  const auto sent = co_await sending.join();
  if (!sent && !ctx.is_done()) co_return failed(sent.error());  // the reason why there is no response
  if (!all_sent) close();
  co_return received;
}

leash::Task<leash::Result<>> Connection::receive(leash::Context ctx, http::RequestKind kind,
                                                 std::string* body) {
  expect(kind);
  return receive_rest(std::move(ctx), body);
}

void Connection::expect(http::RequestKind kind) {
  parser_.reset(kind);
  reads_ = 0;
  if (!buffer_) buffer_ = std::make_unique<std::array<char, buffer_bytes>>();
}

std::optional<leash::Duration> Connection::since_arrival() const noexcept {
  if (arrived_ == http::ArrivalTime()) return std::nullopt;
  return std::chrono::system_clock::now() - arrived_;
}

leash::Result<std::size_t> Connection::read_now() noexcept {
  bool nothing_left = false;
  const ssize_t count = http::receive(socket_.native_handle(), room(), nothing_left);
  if (count == 0) return std::unexpected(make_error_code(asio::error::eof));
  if (count > 0) return static_cast<std::size_t>(count);
  return std::unexpected(std::error_code(errno, asio::error::get_system_category()));
}

leash::Task<leash::Result<>> Connection::receive_rest(leash::Context ctx, std::string* body) {
  for (;;) {
    leash::Result<std::size_t> received;
    if (tls_) {
      received = co_await tls_->stream.async_read_some(asio::buffer(*buffer_), leash::via(ctx));
    } else {
      received = std::unexpected(make_error_code(asio::error::would_block));
      // A reset that came with the last bytes, also with those of the last response, is not reported again.
      if (response_started_ || used_) received = read_now();
      if (!received && received.error() == asio::error::would_block)
        received = co_await socket_.async_read_some(room(), leash::via(ctx));
    }
    if (auto outcome = take(received, body)) co_return *outcome;
  }
}

std::optional<leash::Result<>> Connection::take(const leash::Result<std::size_t>& received,
                                                std::string* body) {
  if (received) {
    bytes_received_ += *received;
    ++reads_;
    response_started_ = true;
    return parse(std::string_view(buffer_->data(), *received), body);
  }
  if (received.error() != asio::error::eof || parser_.on_eof() != http::ParseEvent::complete)
    return failed(received.error());
  close();  // the end of the connection ends the response
  return leash::Result<>();
}

std::optional<leash::Result<>> Connection::parse(std::string_view bytes, std::string* body) {
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
        used_ = true;
        // Bytes after the response belong to no request.
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
  // Some servers announce a body with 204 and send it. The caller expects none.
  const bool announces_a_body = head.chunked || head.content_length.value_or(0) > 0;
  return parser_.keep_alive() && !(head.status == 204 && announces_a_body);
}

}  // namespace client
