// SPDX-License-Identifier: BSL-1.0
#include "client/connection.hpp"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "client/error.hpp"
#include "tests/support/client_bench.hpp"
#include "tests/support/kernel_stamps.hpp"

namespace {

using client::Endpoint;
using client::Origin;
using support::StubRequest;
using support::text;

support::StubReply answer_hello(const StubRequest&) { return text("hello"); }

Endpoint loopback(std::uint16_t port) {
  const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  return Endpoint(endpoint);
}

// A port whose queue of connections is full, so another attempt to connect gets no answer.
class FullPort {
 public:
  FullPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, any, size), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::getsockname(listener_, any, &size), 0);
    port_ = ::ntohs(address.sin_port);
    for (int& waiting : waiting_) {
      waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)::connect(waiting, any, size);
    }
  }
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;
  ~FullPort() {
    ::close(listener_);
    for (const int waiting : waiting_) ::close(waiting);
  }

  std::uint16_t port() const noexcept { return port_; }

 private:
  int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::array<int, 3> waiting_{};
  std::uint16_t port_ = 0;
};

constexpr std::string_view a_request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

leash::Task<> exchange(leash::Context ctx, client::Connection& connection, leash::Result<>& result) {
  result = co_await connection.exchange(ctx, a_request, http::RequestKind::other, nullptr);
}

// Sends a first request, and returns after its response and a reset have come together.
leash::Task<> exchange_until_reset(Bench& b, client::Connection& connection) {
  const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
  asio::ip::tcp::acceptor listener(b.loop.io(), any);
  const Origin origin("127.0.0.1", listener.local_endpoint().port());
  auto connected = co_await connection.connect(b.ctx, origin);
  EXPECT_TRUE(connected);
  auto peer = listener.accept();
  leash::Result<> first;
  leash::Scope scope(b.ctx);
  scope.go(exchange(scope.ctx(), connection, first), "exchange");
  const auto is_sent = [&] { return connection.bytes_sent() == a_request.size(); };
  const bool waits = co_await b.eventually(is_sent);
  EXPECT_TRUE(waits);
  (void)peer.send(asio::buffer(std::string_view("HTTP/1.1 204 No Content\r\n\r\n")));
  peer.set_option(asio::socket_base::linger(true, 0));
  peer.close();
  (void)co_await scope.join();
  EXPECT_TRUE(first);
  EXPECT_TRUE(connection.is_open());
}

TEST(Connection, RequestAfterAResetThatCameWithAResponseIsRefusedUnsent) {
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    client::Connection connection(b.loop.io());
    co_await exchange_until_reset(b, connection);
    auto second = co_await connection.exchange(b.ctx, a_request, http::RequestKind::other, nullptr);
    EXPECT_FALSE(second);
    EXPECT_EQ(second.error(), client::errc::refused);
    EXPECT_EQ(connection.bytes_sent(), a_request.size());
  });
}

TEST(Connection, ReceiveReportsAResetThatCameWithTheLastResponse) {
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    client::Connection connection(b.loop.io());
    co_await exchange_until_reset(b, connection);
    auto sent = co_await connection.send(b.ctx, a_request);
    EXPECT_TRUE(sent);
    auto received = co_await connection.receive(b.ctx, http::RequestKind::other, nullptr);
    EXPECT_FALSE(received);
    EXPECT_EQ(received.error(), client::errc::refused);
  });
}

TEST(Connection, ResponseThatIsReadLateHasTheTimeOfItsArrival) {
  const support::KernelStamps stamps;
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    asio::ip::tcp::acceptor listener(b.loop.io(), any);
    client::Connection connection(b.loop.io());
    connection.note_arrivals();
    const Origin origin("127.0.0.1", listener.local_endpoint().port());
    auto connected = co_await connection.connect(b.ctx, origin);
    EXPECT_TRUE(connected);
    EXPECT_FALSE(connection.since_arrival()) << "nothing has arrived";
    auto peer = listener.accept();
    for (const std::string_view rest : {"", "hello"}) {
      leash::Result<> result;
      leash::Scope scope(b.ctx);
      scope.go(exchange(scope.ctx(), connection, result), "exchange");
      const auto before = connection.bytes_sent();
      const auto is_sent = [&] { return connection.bytes_sent() == before + a_request.size(); };
      const bool waits = co_await b.eventually(is_sent);
      EXPECT_TRUE(waits);
      const std::string head =
          "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(rest.size()) + "\r\n\r\n";
      (void)peer.send(asio::buffer(head));
      const auto has_head = [&] { return connection.response_started(); };
      const bool in_pieces = rest.empty() || co_await b.eventually(has_head);
      EXPECT_TRUE(in_pieces);
      const auto begun = std::chrono::system_clock::now();
      (void)peer.send(asio::buffer(rest));
      int not_arrived = 1;  // until the last byte is acknowledged
      while (not_arrived > 0) EXPECT_EQ(::ioctl(peer.native_handle(), SIOCOUTQ, &not_arrived), 0);
      const auto arrived = std::chrono::system_clock::now();
      (void)co_await scope.join();
      EXPECT_TRUE(result);
      const auto asked = std::chrono::system_clock::now();
      const auto ago = connection.since_arrival();
      EXPECT_TRUE(ago);
      EXPECT_GE(*ago, asked - arrived) << "it was read later";
      if (!rest.empty()) {
        EXPECT_LE(*ago, std::chrono::system_clock::now() - begun) << "the last piece counts";
      }
      EXPECT_EQ(connection.came_at_once(), rest.empty());
    }
  });
}

TEST(Connection, NoTimeOfArrivalUnlessAsked) {
  const support::KernelStamps stamps;
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    client::Connection connection(b.loop.io());
    auto connected = co_await connection.connect(b.ctx, Origin("127.0.0.1", b.server.url().port));
    EXPECT_TRUE(connected);
    leash::Result<> result;
    co_await exchange(b.ctx, connection, result);
    EXPECT_TRUE(result);
    EXPECT_FALSE(connection.since_arrival());
    EXPECT_TRUE(connection.came_at_once());
  });
}

TEST(Connection, TriesNextAddressAfterQuarterSecond) {
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    const FullPort full;
    const Origin origin("two.test", 80);
    const std::vector<Endpoint> endpoints{loopback(full.port()), loopback(b.server.url().port)};
    client::Connection connection(b.loop.io());
    const leash::TimePoint start = b.loop.now();
    const auto connected = co_await connection.connect(b.ctx, origin, endpoints);
    EXPECT_TRUE(connected);
    EXPECT_GE(b.loop.now() - start, 240ms);
    EXPECT_LT(b.loop.now() - start, 5s);
    const auto sent = co_await connection.send(b.ctx, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(sent);
    const auto received = co_await connection.receive(b.ctx, http::RequestKind::other, nullptr);
    EXPECT_TRUE(received) << "it is the one that answered";
  });
}

TEST(Connection, RefusingAddressCostsNoTime) {
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    std::uint16_t closed = 0;
    {
      const FullPort was;
      closed = was.port();
    }
    const Origin origin("two.test", 80);
    const std::vector<Endpoint> endpoints{loopback(closed), loopback(b.server.url().port)};
    const std::vector<Endpoint> none{loopback(closed), loopback(closed)};
    client::Connection connection(b.loop.io());
    const auto connected = co_await connection.connect(b.ctx, origin, endpoints);
    EXPECT_TRUE(connected);
    const auto refused = co_await connection.connect(b.ctx, origin, none);
    EXPECT_TRUE(!refused && refused.error() == std::errc::connection_refused);
    EXPECT_FALSE(connection.is_open());
  });
}

TEST(Connection, TimeoutHoldsWhileNoAddressAnswers) {
  Bench::run(answer_hello, [](Bench& b) -> leash::Task<> {
    const FullPort full;
    const Origin origin("two.test", 80);
    const std::vector<Endpoint> endpoints{loopback(full.port()), loopback(full.port())};
    client::Connection connection(b.loop.io());
    const auto limited = leash::with_timeout(b.ctx, 300ms);
    const auto late = co_await connection.connect(limited.ctx, origin, endpoints);
    EXPECT_TRUE(!late && late.error() == leash::errc::deadline_exceeded);
  });
}

}  // namespace
