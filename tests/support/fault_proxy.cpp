// SPDX-License-Identifier: BSL-1.0
#include "tests/support/fault_proxy.hpp"

#include <algorithm>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "leash/context.hpp"
#include "leash/error.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"
#include "leash/via.hpp"

namespace support {

using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;

constexpr leash::Duration farewell = 1s;  // for the two ends of a cut connection to close

std::mt19937_64 generator(std::uint64_t seed, int connection, unsigned purpose) {
  std::seed_seq words{static_cast<unsigned>(seed), static_cast<unsigned>(seed >> 32),
                      static_cast<unsigned>(connection), purpose};
  return std::mt19937_64(words);
}

std::string garbage(std::size_t size, std::mt19937_64& random) {
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return bytes;
}

// Written by the proxy's thread alone.
struct Counts {
  std::atomic<int> accepted = 0;
  std::atomic<int> open = 0;
  std::atomic<int> faults = 0;
  std::atomic<std::uint64_t> to_server = 0;
  std::atomic<std::uint64_t> to_client = 0;
};

class Link {
 public:
  Link(leash::Context ctx, Socket client, Counts& counts)
      : counts_(counts),
        client_(std::move(client)),
        server_(client_.get_executor()),
        limits_(ctx),
        pumps_(ctx) {
    ++counts_.open;
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { --counts_.open; }

  leash::Task<> run(leash::Context ctx, tcp::endpoint server, Script script, std::uint64_t seed, int number) {
    const auto connected = co_await server_.async_connect(server, leash::via(ctx));
    if (!connected) co_return reset();
    for (Socket* socket : {&client_, &server_}) socket->set_option(tcp::no_delay(true));
    Direction up{client_, server_, script.to_server, generator(seed, number, 1), counts_.to_server};
    Direction down{server_, client_, script.to_client, generator(seed, number, 2), counts_.to_client};
    pumps_.go(pump(up), "to server");
    pumps_.go(pump(down), "to client");
    (void)co_await pumps_.join();
    limits_.cancel();
    (void)co_await limits_.join();
    if (ctx.is_done()) reset();
  }

 private:
  struct Direction {
    Socket& from;
    Socket& to;
    const Faults faults;
    std::mt19937_64 random;
    std::atomic<std::uint64_t>& count;
    std::uint64_t passed = 0;
    bool happened = false;  // the event
    bool silent = false;

    bool due() const { return !happened && faults.then != Faults::Then::go_on && passed >= faults.after; }
    // The length of the next piece of these bytes.
    std::size_t piece(std::size_t size) const {
      if (faults.segment > 0) size = std::min(size, faults.segment);
      if (happened || faults.then == Faults::Then::go_on) return size;
      return static_cast<std::size_t>(std::min<std::uint64_t>(size, faults.after - passed));
    }
  };

  // Not left to the destructors: Asio's undo the linger option first.
  void reset() {
    std::error_code ignored;
    for (Socket* socket : {&client_, &server_}) {
      (void)socket->set_option(asio::socket_base::linger(true, 0), ignored);
      (void)socket->close(ignored);
    }
    pumps_.cancel();
  }
  leash::Task<> reset_after(leash::Duration time) {
    const auto slept = co_await leash::sleep(limits_.ctx(), time);
    if (slept) reset();
  }
  static void end(Socket& socket) {
    std::error_code ignored;
    (void)socket.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  leash::Task<> pump(Direction& way) {
    std::vector<char> buffer(std::size_t{64} * 1024);
    for (;;) {
      if (way.due()) co_await happen(way);
      auto got = co_await way.from.async_read_some(asio::buffer(buffer), leash::via(pumps_.ctx()));
      if (!got && got.error() == asio::error::eof) {
        if (!way.silent && !cut_) end(way.to);
        co_return;
      }
      if (!got) co_return reset();
      if (way.faults.merge > 0s) {
        const auto slept = co_await leash::sleep(pumps_.ctx(), way.faults.merge);
        if (!slept) co_return;
        *got += read_what_is_there(way.from, asio::buffer(buffer) + *got);
      }
      std::string_view bytes(buffer.data(), *got);
      while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, way.piece(bytes.size()));
        bytes.remove_prefix(piece.size());
        const bool passed = co_await pass(way, piece);
        if (!passed) co_return;
        if (way.due()) co_await happen(way);
      }
    }
  }

  static std::size_t read_what_is_there(Socket& socket, asio::mutable_buffer space) {
    std::error_code nothing;  // the next read reports the reason
    (void)socket.non_blocking(true, nothing);
    return nothing ? 0 : asio::read(socket, space, nothing);
  }

  leash::Task<bool> pass(Direction& way, std::string_view piece) {
    if (way.faults.delay > 0s) {
      const auto slept = co_await leash::sleep(pumps_.ctx(), way.faults.delay);
      if (!slept) co_return false;
    }
    if (way.silent || cut_) co_return true;
    std::size_t count = 0;
    const auto sent =
        co_await asio::async_write(way.to, asio::buffer(piece), leash::via(pumps_.ctx(), count));
    if (!sent) reset();
    way.passed += count;
    way.count += count;
    co_return sent.has_value();
  }

  leash::Task<> happen(Direction& way) {
    way.happened = true;
    ++counts_.faults;
    switch (way.faults.then) {
      case Faults::Then::go_on:
        break;
      case Faults::Then::cut:
        cut_ = true;
        end(client_);
        end(server_);
        limits_.go(reset_after(farewell), "farewell");
        break;
      case Faults::Then::reset:
        reset();
        break;
      case Faults::Then::half_open:
        way.silent = true;
        limits_.go(reset_after(way.faults.silence), "silence");
        break;
      case Faults::Then::garbage: {
        const std::string bytes = garbage(way.faults.garbage_bytes, way.random);
        const auto sent = co_await asio::async_write(way.to, asio::buffer(bytes), leash::via(pumps_.ctx()));
        if (!sent) reset();
        break;
      }
    }
  }

  Counts& counts_;
  Socket client_;
  Socket server_;
  leash::Scope limits_;
  leash::Scope pumps_;
  bool cut_ = false;
};

}  // namespace

class FaultProxy::Impl {
 public:
  Impl(std::uint16_t server_port, Rule rule, std::uint64_t seed)
      : server_(asio::ip::address_v4::loopback(), server_port),
        rule_(std::move(rule)),
        seed_(seed),
        acceptor_(io_.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port_(acceptor_.local_endpoint().port()) {
    std::promise<leash::RemoteCancel> started;
    auto stop = started.get_future();
    thread_ = std::jthread([this, started = std::move(started)]() mutable { run(started); });
    stop_.emplace(stop.get());
  }
  ~Impl() { (*stop_)(); }

  std::uint16_t port() const noexcept { return port_; }
  const Counts& counts() const noexcept { return counts_; }

 private:
  void run(std::promise<leash::RemoteCancel>& started) {
    leash::LoopOptions options;
    options.name = "fault proxy";
    leash::Loop loop{io_, std::move(options)};
    auto [ctx, cancel] = leash::with_cancel(loop.background());
    leash::go(ctx, accept(ctx), "accept");
    started.set_value(cancel.remote());
    const auto ran = loop.run();
    leash::check(ran.has_value(), "FaultProxy: tasks are left that nothing can wake");
  }

  leash::Task<> accept(leash::Context ctx) {
    leash::Scope links(ctx);
    while (!ctx.is_done()) {
      Socket client(io_.get_executor());
      const auto accepted = co_await acceptor_.async_accept(client, leash::via(ctx));
      if (accepted) {
        links.go(serve(links.ctx(), std::move(client), ++counts_.accepted), "link");
      } else {
        (void)co_await leash::sleep(ctx, 10ms);  // perhaps no descriptor is free
      }
    }
    (void)co_await links.join();
  }

  leash::Task<> serve(leash::Context ctx, Socket client, int number) {
    std::mt19937_64 random = generator(seed_, number, 0);
    const Script script = rule_(number, random);
    Link link(ctx, std::move(client), counts_);
    co_await link.run(ctx, server_, script, seed_, number);
  }

  const tcp::endpoint server_;
  const Rule rule_;
  const std::uint64_t seed_;
  Counts counts_;
  asio::io_context io_{1};
  asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor_;
  const std::uint16_t port_;
  std::jthread thread_;
  std::optional<leash::RemoteCancel> stop_;
};

FaultProxy::FaultProxy(std::uint16_t server_port, Rule rule, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(server_port, std::move(rule), seed)) {}
FaultProxy::FaultProxy(std::uint16_t server_port, const Script& script, std::uint64_t seed)
    : FaultProxy(
          server_port, [script](int, std::mt19937_64&) { return script; }, seed) {}
FaultProxy::~FaultProxy() = default;

std::uint16_t FaultProxy::port() const noexcept { return impl_->port(); }
int FaultProxy::accepted() const noexcept { return impl_->counts().accepted; }
int FaultProxy::open() const noexcept { return impl_->counts().open; }
int FaultProxy::faults() const noexcept { return impl_->counts().faults; }
std::uint64_t FaultProxy::bytes_to_server() const noexcept { return impl_->counts().to_server; }
std::uint64_t FaultProxy::bytes_to_client() const noexcept { return impl_->counts().to_client; }

Script mixed_faults(int, std::mt19937_64& random) {
  Script script;
  Faults& faults = random() % 2 == 0 ? script.to_server : script.to_client;
  faults.after = random() % 4096;
  switch (random() % 20) {
    case 0:
      faults.delay = 1ms * (1 + random() % 20);
      break;
    case 1:
      faults.segment = 1 + random() % 16;
      break;
    case 2:
      faults.merge = 1ms * (1 + random() % 20);
      break;
    case 3:
      faults.then = Faults::Then::cut;
      break;
    case 4:
      faults.then = Faults::Then::reset;
      break;
    case 5:
      faults.then = Faults::Then::half_open;
      faults.silence = 500ms + 1ms * (random() % 1500);
      break;
    case 6:
      faults.then = Faults::Then::garbage;
      break;
    default:
      break;
  }
  return script;
}

}  // namespace support
