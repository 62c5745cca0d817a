// SPDX-License-Identifier: BSL-1.0
#include "tests/support/fault_proxy.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace {

using namespace std::chrono_literals;
using support::FaultProxy;
using support::Faults;
using support::Script;

static_assert(!std::is_move_constructible_v<FaultProxy>);

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One end of a connection.
class End {
 public:
  explicit End(int fd) : fd_(fd) {
    if (fd < 0) throw std::runtime_error("no socket");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  End(End&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  End& operator=(End&&) = delete;
  ~End() {
    if (fd_ >= 0) ::close(fd_);
  }
  static End connect(std::uint16_t port) {
    End end(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    if (::connect(end.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
    return end;
  }

  void send(std::string_view bytes) const { (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void finish() const { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(fd_, -1));
  }

  // What one read gives; "<end>", "<reset>", or "<silence>" when nothing comes in time.
  std::string receive(std::chrono::milliseconds patience = 10s) const {
    pollfd state{fd_, POLLIN, 0};
    if (::poll(&state, 1, static_cast<int>(patience.count())) == 0) return "<silence>";
    std::array<char, 65536> bytes;
    const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (n < 0) return "<reset>";
    return n == 0 ? "<end>" : std::string(bytes.data(), static_cast<std::size_t>(n));
  }
  // This many bytes, and the number of reads.
  std::pair<std::string, int> receive_exactly(std::size_t size) const {
    std::string all;
    int reads = 0;
    for (; all.size() < size; ++reads) {
      const std::string piece = receive();
      if (piece.starts_with("<")) return {all + piece, reads};
      all += piece;
    }
    return {all, reads};
  }

 private:
  int fd_;
};

// A port to be proxied.
class Server {
 public:
  Server() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 16) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { ::close(fd_); }
  std::uint16_t port() const { return port_; }
  End accept() const { return End(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

bool eventually(auto holds) {
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  for (auto pause = 1ms; !holds(); pause = std::min(pause * 2, 100ms)) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

// A server, the proxy in front of it, and one connection through both.
struct Chain {
  explicit Chain(const Script& script, std::uint64_t seed = 1)
      : proxy(server.port(), script, seed), client(End::connect(proxy.port())), far(server.accept()) {}
  // The ends, too, say that they are through.
  bool closed() const {
    client.finish();
    far.finish();
    return eventually([this] { return proxy.open() == 0; });
  }
  Server server;
  FaultProxy proxy;
  End client;
  End far;
};

Faults then(Faults::Then what, std::uint64_t after) {
  Faults faults;
  faults.then = what;
  faults.after = after;
  return faults;
}
Script to_client(const Faults& faults) {
  Script script;
  script.to_client = faults;
  return script;
}
Script to_server(const Faults& faults) {
  Script script;
  script.to_server = faults;
  return script;
}

TEST(FaultProxy, ForwardsBytesAndHalfClosesWithoutFaults) {
  Chain chain{Script()};
  chain.client.send("question");
  EXPECT_EQ(chain.far.receive(), "question");
  chain.client.finish();
  EXPECT_EQ(chain.far.receive(), "<end>");
  chain.far.send("answer");
  EXPECT_EQ(chain.client.receive(), "answer");
  chain.far.finish();
  EXPECT_EQ(chain.client.receive(), "<end>");
  EXPECT_TRUE(chain.closed());
  EXPECT_EQ(chain.proxy.accepted(), 1);
  EXPECT_EQ(chain.proxy.faults(), 0);
  EXPECT_EQ(chain.proxy.bytes_to_server(), 8u);
  EXPECT_EQ(chain.proxy.bytes_to_client(), 6u);
}

TEST(FaultProxy, PassesAResetOn) {
  Chain chain{Script()};
  chain.client.send("x");
  EXPECT_EQ(chain.far.receive(), "x");
  chain.client.reset();
  EXPECT_EQ(chain.far.receive(), "<reset>");
  EXPECT_TRUE(chain.closed());
}

TEST(FaultProxy, ResetsClientsWithoutServer) {
  std::uint16_t nobody = 0;
  {
    const Server gone;
    nobody = gone.port();
  }
  FaultProxy proxy(nobody, Script());
  EXPECT_EQ(End::connect(proxy.port()).receive(), "<reset>");
}

TEST(FaultProxy, CutsBothEndsAfterSoManyBytes) {
  Chain chain(to_client(then(Faults::Then::cut, 5)));
  chain.far.send("answer");
  EXPECT_EQ(chain.client.receive_exactly(6).first, "answe<end>");
  EXPECT_EQ(chain.far.receive(), "<end>");
  EXPECT_TRUE(chain.closed());
  EXPECT_EQ(chain.proxy.faults(), 1);
}

TEST(FaultProxy, CutsAtOnceAfterNoBytes) {
  Chain chain(to_server(then(Faults::Then::cut, 0)));
  EXPECT_EQ(chain.far.receive(), "<end>");
  EXPECT_EQ(chain.client.receive(), "<end>");
  EXPECT_TRUE(chain.closed());
}

TEST(FaultProxy, ResetsBothEndsAfterSoManyBytes) {
  Chain chain(to_server(then(Faults::Then::reset, 3)));
  chain.client.send("question");
  EXPECT_EQ(chain.client.receive(), "<reset>");
  EXPECT_TRUE(chain.closed());
  EXPECT_EQ(chain.proxy.bytes_to_server(), 3u);
}

TEST(FaultProxy, AHalfOpenDirectionSwallowsBytesAndTheEnd) {
  Chain chain(to_server(then(Faults::Then::half_open, 4)));
  chain.client.send("question");
  EXPECT_EQ(chain.far.receive_exactly(4).first, "ques");
  chain.client.finish();
  chain.far.send("and?");
  EXPECT_EQ(chain.client.receive(), "and?");
  EXPECT_EQ(chain.far.receive(50ms), "<silence>");
  EXPECT_EQ(chain.proxy.open(), 1);
}

TEST(FaultProxy, EndsSilenceWithReset) {
  Faults faults = then(Faults::Then::half_open, 0);
  faults.silence = 20ms;
  Chain chain(to_server(faults));
  chain.client.send("question");
  EXPECT_EQ(chain.far.receive(), "<reset>");
  EXPECT_EQ(chain.client.receive(), "<reset>");
  EXPECT_TRUE(chain.closed());
}

std::string slipped_in(std::uint64_t seed) {
  Faults faults = then(Faults::Then::garbage, 3);
  faults.garbage_bytes = 16;
  Chain chain(to_client(faults), seed);
  chain.far.send("answer");
  const std::string all = chain.client.receive_exactly(22).first;
  EXPECT_EQ(all.substr(0, 3), "ans");
  EXPECT_EQ(all.substr(19), "wer");
  return all.substr(3, 16);
}

TEST(FaultProxy, SlipsInTheSameGarbageForTheSameSeed) {
  const std::string garbage = slipped_in(7);
  EXPECT_EQ(garbage.size(), 16u);
  EXPECT_EQ(slipped_in(7), garbage);
  EXPECT_NE(slipped_in(8), garbage);
}

TEST(FaultProxy, SplitsForwardedBytes) {
  Faults faults;
  faults.segment = 1;
  faults.delay = 1ms;
  Chain chain(to_server(faults));
  chain.client.send("forty bytes, which leave one after another");
  const auto [all, reads] = chain.far.receive_exactly(42);
  EXPECT_EQ(all, "forty bytes, which leave one after another");
  EXPECT_GT(reads, 1);
}

TEST(FaultProxy, MergesForwardedBytes) {
  Faults faults;
  faults.merge = 200ms;
  Chain chain(to_server(faults));
  for (const char* piece : {"one ", "two ", "three"}) {
    chain.client.send(piece);
    std::this_thread::sleep_for(1ms);  // segments of their own
  }
  EXPECT_EQ(chain.far.receive(), "one two three");
}

TEST(FaultProxy, DelaysForwardedBytes) {
  Faults faults;
  faults.delay = 30ms;
  Chain chain(to_client(faults));
  const auto start = std::chrono::steady_clock::now();
  chain.far.send("late");
  EXPECT_EQ(chain.client.receive(), "late");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST(FaultProxy, AsksItsRuleForEachConnection) {
  Server server;
  const auto rule = [](int connection, std::mt19937_64&) {
    return connection == 2 ? to_client(then(Faults::Then::cut, 0)) : Script();
  };
  FaultProxy proxy(server.port(), rule);
  for (int connection = 1; connection <= 3; ++connection) {
    const End client = End::connect(proxy.port());
    const End far = server.accept();
    if (connection != 2) far.send("fine");
    EXPECT_EQ(client.receive(), connection == 2 ? "<end>" : "fine") << connection;
  }
}

TEST(FaultProxy, RuleDrawsDependOnlyOnSeedAndConnection) {
  const auto draws = [](std::uint64_t seed) {
    Server server;
    std::map<int, std::uint64_t> drawn;
    {
      const auto rule = [&](int connection, std::mt19937_64& random) {
        drawn[connection] = random();
        return Script();
      };
      FaultProxy proxy(server.port(), rule, seed);
      for (int i = 0; i < 3; ++i) {
        const End client = End::connect(proxy.port());
        const End far = server.accept();
      }
    }
    return drawn;
  };
  const auto first = draws(1);
  EXPECT_EQ(first.size(), 3u);
  EXPECT_NE(first.at(1), first.at(2));
  EXPECT_EQ(draws(1), first);
  EXPECT_NE(draws(2), first);
}

TEST(FaultProxy, ResetsRemainingConnectionsAtItsEnd) {
  Server server;
  std::optional<FaultProxy> proxy(std::in_place, server.port(), Script());
  const End client = End::connect(proxy->port());
  const End far = server.accept();
  proxy.reset();
  EXPECT_EQ(client.receive(), "<reset>");
  EXPECT_EQ(far.receive(), "<reset>");
}

TEST(FaultProxy, MixedFaultsHaveEachKindAndEnd) {
  std::mt19937_64 random(1);
  std::map<Faults::Then, int> events;
  int shaped = 0;
  for (int connection = 1; connection <= 1000; ++connection) {
    const Script script = support::mixed_faults(connection, random);
    for (const Faults& faults : {script.to_server, script.to_client}) {
      ++events[faults.then];
      shaped += faults.delay > 0s || faults.segment > 0 || faults.merge > 0s;
      EXPECT_LE(faults.delay, 2s);
      if (faults.then == Faults::Then::half_open) {
        EXPECT_LE(faults.silence, 2s);
      }
    }
  }
  EXPECT_EQ(events.size(), 5u);
  EXPECT_GT(events[Faults::Then::go_on], 1700);
  EXPECT_GT(shaped, 50);
}

}  // namespace
