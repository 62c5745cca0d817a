#include "server/listener.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "server/log.hpp"
#include "server/worker.hpp"

namespace server {

using namespace std::chrono_literals;

std::expected<Listener, std::string> Listener::open(asio::io_context& io, const std::string& host,
                                                    std::uint16_t port) {
  const auto problem = [&](const std::error_code& error) {
    return std::unexpected("cannot listen on " + host + ":" + std::to_string(port) + ": " + error.message());
  };
  std::error_code error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return std::unexpected("cannot listen on \"" + host + "\": an IP address is needed");
  const asio::ip::tcp::endpoint endpoint(address, port);
  asio::ip::tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (error) return problem(error);
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (error) return problem(error);
  acceptor.bind(endpoint, error);
  if (error) return problem(error);
  acceptor.listen(4096, error);
  if (error) return problem(error);
  acceptor.non_blocking(true, error);
  if (error) return problem(error);
  return Listener(std::move(acceptor));
}

std::string Listener::url() const {
  const auto endpoint = acceptor_.local_endpoint();
  const std::string host = endpoint.address().is_v6() ? "[" + endpoint.address().to_string() + "]"
                                                      : endpoint.address().to_string();
  return "http://" + host + ":" + std::to_string(endpoint.port());
}

Listener::Accepted Listener::accept_one(Worker& worker) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  const int fd = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    worker.adopt(UniqueFd(fd), peer.ss_family);
    complained_ = false;
    return Accepted::one;
  }
  switch (errno) {
    case EAGAIN:
      return Accepted::none_waiting;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      if (!std::exchange(complained_, true))
        log_event(LogLevel::warn, "accepting pauses", {{"error", std::strerror(errno)}});
      return Accepted::no_descriptor;
    default:
      return Accepted::one;  // this client has gone again (accept(2)); the next may be well
  }
}

leash::Task<> Listener::run(Listener listener, leash::Context ctx, std::vector<Worker*> workers,
                            std::uint64_t max_connections) {
  std::size_t turn = 0;
  const auto full = [&] {
    std::int64_t open = 0;
    for (const Worker* worker : workers) open += worker->open.load(std::memory_order_relaxed);
    return open >= static_cast<std::int64_t>(max_connections);
  };
  while (!ctx.is_done()) {
    if (full()) {
      (void)co_await leash::sleep(ctx, 10ms);  // done or not: the loop's condition says
      continue;
    }
    const leash::Result<> waiting =
        co_await listener.acceptor_.async_wait(asio::socket_base::wait_read, leash::via(ctx));
    if (!waiting) continue;
    Accepted last = Accepted::one;
    while (last == Accepted::one && !full()) last = listener.accept_one(*workers[turn++ % workers.size()]);
    if (last == Accepted::no_descriptor) (void)co_await leash::sleep(ctx, 50ms);
  }
  while (listener.accept_one(*workers[turn++ % workers.size()]) == Accepted::one) {
  }
  std::error_code ignored;  // it is closed either way
  listener.acceptor_.close(ignored);
}

}  // namespace server
