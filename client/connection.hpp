// SPDX-License-Identifier: BSL-1.0
#pragma once
// One connection to a server: connect, send, receive, and again.
//
// What it is     the transport below Client, and what a load generator drives directly.
// Requires       one request at a time: receive() follows send(). It stays where it is.
// Guarantees     whatever fails, or is told to stop, closes the connection; so does a response after which the
//                server may be out of step: one that came before all of the request was sent, one that
//                announces a body it cannot have, or that more bytes follow. Of a name with several addresses the
//                next one is tried when one has failed, or has not answered for 250 ms (RFC 8305); the first that
//                answers is taken. A connection to itself, which TCP makes of a port in its own range that is not
//                listened on, is refused. TCP_NODELAY is set. Once warm, it allocates nothing per request.
// Threads        those of the io_context's loop.
// Lifetime       destroying it closes; it must outlive the calls that use it. head() lives until the next
//                receive().
//
//   client::Connection connection(io);
//   client::Origin origin("127.0.0.1", 8080);
//   if (auto r = co_await connection.connect(ctx, origin); !r) co_return r;
//   std::string body;
//   if (auto r = co_await connection.exchange(ctx, bytes, http::RequestKind::other, &body); !r) co_return r;
//   use(connection.head().status, body);

#include <array>
#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
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
#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/task.hpp"

namespace client {

// Where a connection leads.
struct Origin {
  Origin(std::string name, std::uint16_t number) : host(std::move(name)), port(number) {}
  explicit Origin(const http::Url& url) : host(url.host), port(url.port), tls(url.tls) {}

  std::string host;
  std::uint16_t port = 80;
  bool tls = false;
  std::string unix_socket = {};  // a path: the host is then only a name
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

class Connection {
 public:
  // `tls`: for origins that want it.
  explicit Connection(asio::io_context& io, const http::ResponseLimits& limits = {},
                      std::shared_ptr<TlsContext> tls = nullptr);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Closes first when it is open. Errors: the system's, the resolver's, TLS's, the context's.
  leash::Task<leash::Result<>> connect(leash::Context ctx, Origin origin);
  // The same with addresses that were resolved before, of which there is at least one.
  leash::Task<leash::Result<>> connect(leash::Context ctx, Origin origin, std::vector<Endpoint> endpoints);

  // All of `bytes`, which live until it returns. That the server has closed is for receive() to tell: it may
  // have answered first.
  leash::Task<leash::Result<>> send(leash::Context ctx, std::string_view bytes);

  // One response. Its body is appended to *body; null: dropped, unless it is larger than the limit all the
  // same.
  leash::Task<leash::Result<>> receive(leash::Context ctx, http::RequestKind kind, std::string* body);

  // send() and receive(). The response may begin, or be complete, before a large request is sent: the server
  // refuses it, or answers with what it has read so far. Then the rest is not sent, and the connection is
  // closed.
  leash::Task<leash::Result<>> exchange(leash::Context ctx, std::string_view bytes, http::RequestKind kind,
                                        std::string* body);

  void close() noexcept;

  const http::ResponseHead& head() const noexcept { return parser_.response(); }

  bool is_open() const noexcept { return socket_.is_open(); }
  // Open, and the peer has neither closed nor sent anything that was not asked for. A system call.
  bool is_fresh() noexcept;
  // Whether a byte of the response to the last send() has arrived.
  bool response_started() const noexcept { return response_started_; }

  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }

 private:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;
  struct Tls;
  struct Attempt;
  static constexpr std::size_t buffer_bytes = std::size_t{16} * 1024;

  static leash::Task<leash::Result<>> connect_to(leash::Context ctx, Socket& socket, Endpoint endpoint);
  leash::Task<leash::Result<>> connect_first(leash::Context ctx, std::vector<Endpoint> endpoints);
  leash::Task<leash::Result<>> shake_hands(leash::Context ctx, std::string host);
  leash::Result<> failed(std::error_code error) noexcept;
  // What the socket takes without waiting.
  leash::Result<std::size_t> send_now(std::string_view bytes) noexcept;
  leash::Task<leash::Result<>> send_rest(leash::Context ctx, std::string_view bytes);
  bool can_be_used_again() const noexcept;
  // What the bytes amount to: nothing while the response goes on.
  std::optional<leash::Result<>> take(std::string_view bytes, std::string* body);

  asio::io_context& io_;
  Socket socket_;
  std::shared_ptr<TlsContext> tls_context_;
  std::unique_ptr<Tls> tls_;  // of an origin that wants it
  http::ResponseLimits limits_;
  http::ResponseParser parser_;
  std::unique_ptr<std::array<char, buffer_bytes>> buffer_;  // made by the first receive()
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  bool response_started_ = false;
};

}  // namespace client
