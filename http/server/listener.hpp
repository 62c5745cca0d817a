// SPDX-License-Identifier: BSL-1.0
#pragma once
// Accepts clients and hands them to workers in turn.
//
// Guarantees     if there is no room for a client, or no file descriptor, the connection that has waited for its client
//                for longest is ended, and accepting pauses until there is room: it neither spins nor ends. When it is
//                canceled, it first accepts the clients in its queue, then closes.
// Threads        created on any thread; runs on the loop of its context.
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
  // Port 0 picks a free port. The error is one line.
  static std::expected<Listener, std::string> open(asio::io_context& io, const std::string& host,
                                                   std::uint16_t port);

  // One listener per worker on the same port (SO_REUSEPORT): the kernel distributes the clients. Because that would let a
  // second server share the port unnoticed, the port is first tried without the option.
  static std::expected<std::vector<Listener>, std::string> open_one_each(
      std::span<asio::io_context* const> ios, const std::string& host, std::uint16_t port);

  // Listens on a socket file that only this user can connect to. A file left behind by a former server is replaced; the
  // file is removed with the listener.
  static std::expected<Listener, std::string> open_unix(asio::io_context& io, const std::string& path);

  std::uint16_t port() const { return endpoint_.port(); }
  // "http://127.0.0.1:8080", "unix:/run/app.sock"
  std::string url() const;
  bool is_loopback() const { return !file_.path.empty() || endpoint_.address().is_loopback(); }

  // Runs until ctx is done; then the listener is closed. The task owns the listener, so that it lives as long as the
  // task.
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
  std::uint64_t waiting() noexcept;  // clients in its queue; at least 1
  void complain(const Worker& worker, int error);

  // Removed when its listener is destroyed.
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
  asio::ip::tcp::endpoint endpoint_;  // not for a socket file
  File file_;
  bool complained_ = false;  // the lack of file descriptors was logged
};

}  // namespace http::server
