// SPDX-License-Identifier: BSL-1.0
#pragma once
// Accepts clients and hands them to workers in turn.
//
// Guarantees     where there is no place for a client, or no file descriptor, the connection that has waited for its
//                client for longest ends; accepting pauses until there is a place: it neither spins nor ends. When it
//                is told to stop, it first takes what waits in its queue, then closes.
// Threads        made anywhere; runs on the loop of the context it is given.
//
//   auto listener = http::server::Listener::open(worker.loop().io(), "127.0.0.1", 8080);
//   if (!listener) std::cerr << listener.error();  // "cannot listen on 127.0.0.1:8080: Address already in use"
//   http::server::Admission admission({&worker}, 10'000);
//   leash::go(ctx, http::server::Listener::run(std::move(*listener), ctx, {&worker}, &admission), "listener");

#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "http/server/limits/admission.hpp"
#include "leash/context.hpp"
#include "leash/task.hpp"

namespace http::server {

class Worker;

class Listener {
 public:
  // Port 0 picks a free one. The error is one line.
  static std::expected<Listener, std::string> open(asio::io_context& io, const std::string& host,
                                                   std::uint16_t port);

  // One for each, on the same port (SO_REUSEPORT): the kernel spreads the clients over them. It would let a
  // second server join in unnoticed, so the port is first tried without.
  static std::expected<std::vector<Listener>, std::string> open_one_each(
      std::span<asio::io_context* const> ios, const std::string& host, std::uint16_t port);

  // On a socket in the file system that this user alone can connect to. A file that a server left behind is replaced; it
  // goes with the listener.
  static std::expected<Listener, std::string> open_unix(asio::io_context& io, const std::string& path);

  std::uint16_t port() const { return endpoint_.port(); }
  // "http://127.0.0.1:8080", "unix:/run/app.sock"
  std::string url() const;
  bool is_loopback() const { return !file_.path.empty() || endpoint_.address().is_loopback(); }

  // Until ctx is done; then the listener is closed. The task owns it, so that it lives as long as it is
  // waited for.
  static leash::Task<> run(Listener listener, leash::Context ctx, std::vector<Worker*> workers,
                           const Admission* admission);

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
  enum class Port : bool { exclusive, shared };
  static std::expected<Listener, std::string> open(asio::io_context& io, const std::string& host,
                                                   std::uint16_t port, Port sharing);
  explicit Listener(Acceptor acceptor) : acceptor_(std::move(acceptor)) {}
  enum class Accepted { one, none_waiting, not_now };
  Accepted accept_one(Worker& worker);
  std::uint64_t waiting() noexcept;  // clients, in its queue; 1 at least
  void complain(const Worker& worker, int error);

  // Is removed when its listener goes.
  struct File {
    File() = default;
    File(File&& other) noexcept : path(std::exchange(other.path, {})) {}
    File& operator=(File&& other) noexcept {
      path.swap(other.path);
      return *this;
    }
    ~File();
    std::string path;
  };

  Acceptor acceptor_;
  asio::ip::tcp::endpoint endpoint_;  // unless it is a file
  File file_;
  bool complained_ = false;  // about file descriptors
};

}  // namespace http::server
