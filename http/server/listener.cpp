// SPDX-License-Identifier: BSL-1.0
#include "http/server/listener.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "http/server/worker.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace http::server {

using namespace std::chrono_literals;

namespace {

constexpr int most_waiting = 4096;

std::unexpected<std::string> refused(const std::string& where, const std::error_code& error) {
  return std::unexpected(fmt::format("cannot listen on {}: {}", where, error.message()));
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  return fmt::format("{}:{}", host, port);
}

// Whether it is a socket on which no process listens any more.
bool is_left_behind(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  asio::io_context io;
  asio::local::stream_protocol::socket probe(io);
  std::error_code error;
  probe.connect(asio::local::stream_protocol::endpoint(path), error);
  return error == asio::error::connection_refused;
}

}  // namespace

std::expected<Listener, std::string> Listener::open(asio::io_context& io, const std::string& host,
                                                    std::uint16_t port) {
  auto listener = open(io, host, port, Port::exclusive);
  if (!listener) return listener;
  std::error_code error;
  listener->acceptor_.listen(most_waiting, error);
  if (error) return refused(host_and_port(host, port), error);
  return listener;
}

std::expected<std::vector<Listener>, std::string> Listener::open_one_each(
    std::span<asio::io_context* const> ios, const std::string& host, std::uint16_t port) {
  if (port != 0) {
    auto probe = open(*ios.front(), host, port, Port::exclusive);
    if (!probe) return std::unexpected(probe.error());
  }
  std::vector<Listener> listeners;
  for (asio::io_context* io : ios) {
    auto listener = open(*io, host, listeners.empty() ? port : listeners.front().port(), Port::shared);
    if (!listener) return std::unexpected(listener.error());
    listeners.push_back(std::move(*listener));
  }
  for (Listener& listener : listeners) {
    std::error_code error;
    listener.acceptor_.listen(most_waiting, error);
    if (error) return refused(host_and_port(host, listener.port()), error);
  }
  return listeners;
}

// Returns a bound listener that does not listen yet.
std::expected<Listener, std::string> Listener::open(asio::io_context& io, const std::string& host,
                                                    std::uint16_t port, Port sharing) {
  std::error_code error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return std::unexpected(fmt::format("cannot listen on \"{}\": use an IP address", host));
  const asio::ip::tcp::endpoint endpoint(address, port);
  Acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (!error && sharing == Port::shared) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return refused(host_and_port(host, port), error);
  Listener listener(std::move(acceptor));
  const auto bound = listener.acceptor_.local_endpoint();
  std::memcpy(listener.endpoint_.data(), bound.data(), bound.size());
  return listener;
}

std::expected<Listener, std::string> Listener::open_unix(asio::io_context& io, const std::string& path) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return std::unexpected(fmt::format("cannot listen on \"unix:{}\": a path of 1 to {} characters is needed",
                                       path, sizeof(sockaddr_un::sun_path) - 1));
  }
  if (is_left_behind(path)) ::unlink(path.c_str());
  const asio::local::stream_protocol::endpoint endpoint(path);
  Acceptor acceptor(io);
  std::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  if (error) return refused("unix:" + path, error);
  Listener listener(std::move(acceptor));
  listener.file_.path = path;
  // It does not listen yet, so no client can have connected.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) error.assign(errno, std::system_category());
  if (!error) listener.acceptor_.non_blocking(true, error);
  if (!error) listener.acceptor_.listen(most_waiting, error);
  if (error) return refused("unix:" + path, error);
  return listener;
}

Listener::File::~File() {
  if (!path.empty()) ::unlink(path.c_str());
}

std::string Listener::url() const {
  if (!file_.path.empty()) return "unix:" + file_.path;
  const std::string address = endpoint_.address().to_string();
  return "http://" + host_and_port(endpoint_.address().is_v6() ? "[" + address + "]" : address, port());
}

Listener::Accepted Listener::accept_one(Worker& worker) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  const int fd = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    try {
      worker.adopt(UniqueFd(fd), peer.ss_family);
    } catch (const std::bad_alloc&) {  // this client is disconnected
      complain(worker, ENOMEM);
      return Accepted::not_now;
    }
    complained_ = false;
    return Accepted::one;
  }
  switch (errno) {
    case EAGAIN:
      return Accepted::none_waiting;
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // this and the following are network errors that accept(2) passes on
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return Accepted::one;  // this client has disconnected; try the next one
    default:                 // EMFILE, ENFILE, ENOBUFS, ENOMEM
      complain(worker, errno);
      return Accepted::not_now;
  }
}

void Listener::complain(const Worker& worker, int error) {
  if (std::exchange(complained_, true)) return;
  // (The message of an error category would need memory, which may be missing.)
  worker.service().log(LogLevel::warn, "accepting pauses", {{"error", ::strerrordesc_np(error)}});
}

std::uint64_t Listener::waiting() noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool known = ::getsockopt(acceptor_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  return known ? std::max<std::uint64_t>(info.tcpi_unacked, 1)
               : 1;  // for a listening socket this is the length of its queue
}

leash::Task<> Listener::run(Listener listener, leash::Context ctx, std::vector<Worker*> workers,
                            const Admission* admission) {
  constexpr std::uint64_t most_in_a_row = 64;  // then other connections of this loop run
  std::size_t turn = 0;
  const auto accept_next = [&] { return listener.accept_one(*workers[turn++ % workers.size()]); };
  while (!ctx.is_done()) {
    const leash::Result<> waiting =
        co_await listener.acceptor_.async_wait(asio::socket_base::wait_read, leash::via(ctx));
    if (!waiting) continue;
    Accepted last = Accepted::one;
    bool full = false;
    std::uint64_t accepted = 0;
    while (last == Accepted::one && accepted < most_in_a_row) {
      full = admission->is_full();
      if (full) break;
      last = accept_next();
      if (last == Accepted::one) ++accepted;
    }
    // If a client was accepted, no other one may be waiting.
    if (accepted > 0 || last == Accepted::none_waiting) continue;
    admission->make_room(std::min(listener.waiting(), most_in_a_row));
    (void)co_await leash::sleep(ctx, full ? 5ms : 50ms);  // the loop checks the context
  }

  // The kernel has already accepted the clients in the queue, so they are served. This may have to wait for free
  // descriptors.
  for (int patience = 50; patience > 0;) {
    const Accepted last = accept_next();
    if (last == Accepted::none_waiting) break;
    if (last == Accepted::one) continue;
    --patience;
    co_await leash::sleep(10ms);
  }
  std::error_code ignored;  // the socket is closed in any case
  listener.acceptor_.close(ignored);
}

}  // namespace http::server
