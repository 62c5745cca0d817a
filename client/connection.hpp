// SPDX-License-Identifier: BSL-1.0
#pragma once
// One connection to a server: connect, send and receive, repeatedly.
//
// What it is     the transport below Client; the load generator uses it directly.
// Requires       one request at a time: receive() follows send(). It is neither copied nor moved.
// Guarantees     any failure or cancellation closes the connection. It is also closed after a response that leaves the
//                two sides out of step: one that arrives before the whole request was sent, that announces a body it
//                cannot have, or that is followed by more bytes. If a name has several addresses, the next is tried
//                when one has failed or has not answered for 250 ms (RFC 8305); the first to connect is used.
//                A TCP connection of a socket to itself is refused. TCP_NODELAY is set. After the first requests,
//                it allocates nothing per request.
// Threads        those of the io_context's loop.
// Lifetime       the destructor closes the connection; it must outlive the calls that use it. head() is valid until
//                the next receive().
//
//   client::Connection connection(io);
//   client::Origin origin("127.0.0.1", 8080);
//   if (auto r = co_await connection.connect(ctx, origin); !r) co_return r;
//   std::string body;
//   if (auto r = co_await connection.exchange(ctx, bytes, http::RequestKind::other, &body); !r) co_return r;
//   use(connection.head().status, body);

#include <array>
#include <asio/io_context.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/resolver.hpp"
#include "client/tls.hpp"
#include "http/message/limits.hpp"
#include "http/message/message.hpp"
#include "http/message/response_parser.hpp"
#include "http/message/target.hpp"
#include "http/transport/socket.hpp"
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace client {

// The server that a connection leads to.
struct Origin {
  Origin(std::string name, std::uint16_t number) : host(std::move(name)), port(number) {}
  explicit Origin(const http::Url& url) : host(url.host), port(url.port), tls(url.tls) {}

  std::string host;
  std::uint16_t port = 80;
  bool tls = false;
  std::string unix_socket = {};  // a path; `host` is then only used as a name
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

class Connection {
 public:
  // `tls` is needed for origins with TLS.
  explicit Connection(asio::io_context& io, const http::ResponseLimits& limits = {},
                      std::shared_ptr<TlsContext> tls = nullptr);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Closes an open connection first. Errors: those of the system, the resolver, TLS and the context.
  leash::Task<leash::Result<>> connect(leash::Context ctx, Origin origin);
  // The same with addresses that were resolved before; there must be at least one.
  leash::Task<leash::Result<>> connect(leash::Context ctx, Origin origin, std::vector<Endpoint> endpoints);

  // Sends all of `bytes`, which must stay valid until this returns. It succeeds if the server has closed the
  // connection, because the server may have responded first: receive() reports it.
  leash::Task<leash::Result<>> send(leash::Context ctx, std::string_view bytes);

  // Receives one response and appends its body to *body. If `body` is null, the body is dropped; the size limit still
  // applies.
  leash::Task<leash::Result<>> receive(leash::Context ctx, http::RequestKind kind, std::string* body);

  // send() and receive(). If the response begins before a large request is sent (the server refuses it, or responds
  // to what it has read), the rest is not sent and the connection is closed. If bytes or the end of the server have come
  // since the last response, nothing is sent: the error is `refused`, and bytes_sent() is as before. (What the loop has
  // not seen yet does not count, as if it were still on its way.)
  leash::Task<leash::Result<>> exchange(leash::Context ctx, std::string_view bytes, http::RequestKind kind,
                                        std::string* body);

  void close() noexcept;

  // From the next connect() on, the kernel says when bytes arrived, if it can: over TCP, without TLS.
  void note_arrivals() noexcept { notes_arrivals_ = true; }
  // How long ago the last bytes of the response arrived; empty if the kernel does not say. It is wrong, and may be
  // negative, if the clock of the system was set in the meantime.
  std::optional<leash::Duration> since_arrival() const noexcept;
  // Whether one read returned all of the response.
  bool came_at_once() const noexcept { return reads_ == 1; }

  const http::ResponseHead& head() const noexcept { return parser_.response(); }

  bool is_open() const noexcept { return socket_.is_open(); }
  // True if it is open and the peer has neither closed it nor sent unexpected bytes. Makes a system call.
  bool is_fresh() noexcept;
  // Whether a byte of the response to the last send() has arrived.
  bool response_started() const noexcept { return response_started_; }

  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }

 private:
  using Socket = http::Socket;
  struct Tls;
  struct Attempt;
  static constexpr std::size_t buffer_bytes = std::size_t{16} * 1024;

  static leash::Task<leash::Result<>> connect_to(leash::Context ctx, Socket& socket, Endpoint endpoint);
  leash::Task<leash::Result<>> connect_first(leash::Context ctx, std::vector<Endpoint> endpoints);
  leash::Task<leash::Result<>> shake_hands(leash::Context ctx, std::string host);
  leash::Result<> failed(std::error_code error) noexcept;
  // Sends as much as the socket takes without waiting.
  leash::Result<std::size_t> send_now(std::string_view bytes) noexcept;
  leash::Task<leash::Result<>> send_rest(leash::Context ctx, std::string_view bytes);
  leash::Task<leash::Result<>> receive_while_sending(leash::Context ctx, std::string_view rest,
                                                     std::string* body);
  void expect(http::RequestKind kind);
  http::ReadBuffer room(bool* has_read = nullptr) noexcept {
    return http::ReadBuffer(buffer_->data(), buffer_->size(), has_read, &arrived_);
  }
  leash::Result<std::size_t> read_now() noexcept;
  leash::Task<leash::Result<>> receive_rest(leash::Context ctx, std::string* body);
  bool can_be_used_again() const noexcept;
  // Takes what a read returned; returns nothing while the response is incomplete.
  std::optional<leash::Result<>> take(const leash::Result<std::size_t>& received, std::string* body);
  std::optional<leash::Result<>> parse(std::string_view bytes, std::string* body);

  asio::io_context& io_;
  Socket socket_;
  std::shared_ptr<TlsContext> tls_context_;
  std::unique_ptr<Tls> tls_;  // for an origin with TLS
  http::ResponseLimits limits_;
  http::ResponseParser parser_;
  std::unique_ptr<std::array<char, buffer_bytes>> buffer_;  // allocated for the first response
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  bool response_started_ = false;
  bool notes_arrivals_ = false;
  http::ArrivalTime arrived_{};
  std::uint64_t reads_ = 0;  // of the response
  bool used_ = false;        // a response has come over this connection
};

}  // namespace client
