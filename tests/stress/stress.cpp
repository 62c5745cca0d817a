// SPDX-License-Identifier: BSL-1.0
// Ends waits at random moments and in every way: contexts are canceled by their own loop and by others, scopes are
// destroyed without join, tasks are reaped, and loops end, all inside composed reads, writes, connects and TLS
// handshakes. With a sanitizer it finds a use after free. Alone it finds frames that leak or are destroyed twice, and
// strings that another task has changed.
//
//   stress [SECONDS [SEED]]    10 seconds and a random seed unless given; the seed is printed, the run is not repeated
//                              exactly: threads are not

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/context.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/reaper.hpp"
#include "leash/remote_channel.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using leash::Context;
using leash::Task;
using Stream = asio::local::stream_protocol::socket;
using Pair = std::array<Stream, 2>;
namespace ssl = asio::ssl;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "stress: %s\n", what);
  std::abort();
}
void require(bool holds, const char* what) {
  if (!holds) fail(what);
}

// Kept by a frame. It must be destroyed exactly once, and nothing else may write to it.
class Kept {
 public:
  Kept() : text_(200, 'k') { ++alive; }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    require(text_ == std::string(200, 'k'), "a frame was changed by another task");
    --alive;
  }
  static inline std::atomic<long> alive{0};

 private:
  std::string text_;
};

struct Release {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

// A key and a certificate that is signed with it.
void identify(ssl::context& server) {
  const std::unique_ptr<EVP_PKEY, Release> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Release> certificate(X509_new());
  require(key && certificate, "OpenSSL made no key");
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("stress"), -1,
                             -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0, "OpenSSL did not sign the certificate");
  require(SSL_CTX_use_certificate(server.native_handle(), certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(server.native_handle(), key.get()) == 1,
          "OpenSSL did not take the certificate");
}

struct Shared {
  std::mutex mutex;
  std::vector<leash::RemoteCancel> remotes;  // of any loop, also of those that have ended
  std::vector<leash::RemoteSender<std::string>> senders;
  std::atomic<std::uint64_t> started{0}, reaped{0}, dumps{0}, handshakes{0}, values{0};
};

// One loop, for one round, on one thread.
class Home {
 public:
  Home(Shared& shared, std::uint64_t seed)
      : shared_(shared),
        random_(seed),
        loop_(io_, options()),
        tls_(ssl::context::tls),
        acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        inbox_(loop_, 8) {
    identify(tls_);
  }

  void live(std::chrono::milliseconds time) {
    {
      const std::lock_guard lock(shared_.mutex);
      shared_.senders.push_back(inbox_.sender());
    }
    leash::go(loop_.background(), accept(this), "accept");
    leash::go(loop_.background(), receive(this), "receive");
    leash::go(loop_.background(), drive(this), "drive");
    io_.run_for(time);
  }

 private:
  static leash::LoopOptions options() {
    leash::LoopOptions options;
    options.grace = 5ms;
    options.on_abandoned = [](const std::vector<leash::TaskInfo>&) {};
    return options;
  }
  std::uint64_t up_to(std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
  }
  leash::Duration moment() { return std::chrono::microseconds(up_to(3000)); }

  static Task<> accept(Home* home) {
    for (;;) {
      auto socket = co_await home->acceptor_.async_accept(leash::via(home->loop_.background()));
      if (!socket) co_return;
    }
  }
  static Task<> receive(Home* home) {
    while (auto value = co_await home->inbox_.receive(home->loop_.background())) {
      require(*value == std::string(100, 'v'), "a value was changed on its way");
      ++home->shared_.values;
    }
  }

  // --- what is ended while it waits ---

  static Task<> reads_line(Context ctx, std::shared_ptr<Pair> pair) {
    const Kept kept;
    std::string line(50, 'x');
    (void)co_await asio::async_read_until((*pair)[0], asio::dynamic_buffer(line), '\n', leash::via(ctx));
    if (line.size() < 50) fail("a line was cut");
  }
  static Task<> reads_all(Context ctx, std::shared_ptr<Pair> pair) {
    const Kept kept;
    std::array<char, 4096> data;
    (void)co_await asio::async_read((*pair)[0], asio::buffer(data), leash::via(ctx));
  }
  static Task<> writes_much(Context ctx, std::shared_ptr<Pair> pair) {
    const Kept kept;
    const std::string much(1 << 20, 'm');
    (void)co_await asio::async_write((*pair)[1], asio::buffer(much), leash::via(ctx));
  }
  static Task<> connects(Context ctx, Home* home) {
    const Kept kept;
    tcp::socket socket(home->io_);
    const std::vector<tcp::endpoint> endpoints(3, home->acceptor_.local_endpoint());
    (void)co_await asio::async_connect(socket, endpoints, leash::via(ctx));
  }
  static Task<> shakes_hands(Context ctx, std::shared_ptr<Pair> pair, int side, Home* home) {
    const Kept kept;
    ssl::stream<Stream&> stream((*pair)[static_cast<std::size_t>(side)], home->tls_);
    const auto role = side == 0 ? ssl::stream_base::server : ssl::stream_base::client;
    const auto shaken = co_await stream.async_handshake(role, leash::via(ctx));
    if (!shaken) co_return;
    ++home->shared_.handshakes;
    std::string text(1000, 't');
    if (side == 0) {
      (void)co_await asio::async_write(stream, asio::buffer(text), leash::via(ctx));
    } else {
      (void)co_await asio::async_read_until(stream, asio::dynamic_buffer(text), '\n', leash::via(ctx));
    }
  }
  static Task<> sends_afar(Context ctx, Home* home) {
    const Kept kept;
    std::optional<leash::RemoteSender<std::string>> sender;
    {
      const std::lock_guard lock(home->shared_.mutex);
      sender = home->shared_.senders[home->up_to(home->shared_.senders.size() - 1)];
    }
    for (;;) {
      std::string value(100, 'v');
      const auto sent = co_await sender->send(ctx, std::move(value));
      if (!sent) co_return;
    }
  }
  static Task<> is_canceled_from_afar(Context parent, Home* home) {
    const Kept kept;
    auto [ctx, cancel] = leash::with_cancel(parent);
    {
      const std::lock_guard lock(home->shared_.mutex);
      home->shared_.remotes.push_back(cancel.remote());
    }
    co_await ctx.done();
  }
  static Task<> nests(Context ctx, std::shared_ptr<Pair> pair, Home* home, int left) {
    const Kept kept;
    leash::Scope s(ctx);
    if (left > 0) s.go(nests(s.ctx(), pair, home, left - 1));
    s.go(home->up_to(1) == 0 ? reads_line(s.ctx(), pair) : sends_afar(s.ctx(), home));
    if (home->up_to(2) == 0) co_return;  // without join
    (void)co_await s.join();
  }

  Task<> any(Context ctx) {
    ++shared_.started;
    auto pair = std::make_shared<Pair>(Pair{Stream(io_), Stream(io_)});
    asio::local::connect_pair((*pair)[0], (*pair)[1]);
    switch (up_to(8)) {
      case 0:
        return reads_line(std::move(ctx), std::move(pair));
      case 1:
        return reads_all(std::move(ctx), std::move(pair));
      case 2:
        return writes_much(std::move(ctx), std::move(pair));
      case 3:
        return connects(std::move(ctx), this);
      case 4:
      case 5: {
        leash::go(ctx, shakes_hands(ctx, pair, 1, this), "client");
        return shakes_hands(std::move(ctx), std::move(pair), 0, this);
      }
      case 6:
        return sends_afar(std::move(ctx), this);
      case 7:
        return is_canceled_from_afar(std::move(ctx), this);
      default:
        return nests(std::move(ctx), std::move(pair), this, static_cast<int>(up_to(5)));
    }
  }

  // --- how it is ended ---

  static Task<> lets_go(Home* home) {
    leash::Scope s(home->loop_.background());
    for (std::uint64_t n = home->up_to(4); n > 0; --n) s.go(home->any(s.ctx()), "in a scope");
    co_await leash::sleep(home->moment());
  }
  static Task<> cancels(Home* home) {
    auto [ctx, cancel] = leash::with_timeout(home->loop_.background(), home->moment());
    leash::Scope s(ctx);
    for (std::uint64_t n = home->up_to(4); n > 0; --n) s.go(home->any(s.ctx()), "with a deadline");
    co_await leash::sleep(home->moment());
    if (home->up_to(1) == 0) cancel();
    (void)co_await s.join();
  }
  static Task<> leaks(Home* home) {
    auto [ctx, cancel] = leash::with_cancel(home->loop_.background());
    leash::go(ctx, home->any(leash::without_cancel(ctx)), "leaks");
    leash::go(ctx, home->any(home->loop_.background()), "leaks");
    co_await leash::sleep(home->moment());
  }

  static Task<> drive(Home* home) {
    for (std::uint64_t n = 0;; ++n) {
      const Context root = home->loop_.background();
      if (leash::live_tasks(home->loop_) < 300) {
        leash::go(root, lets_go(home), "lets go");
        leash::go(root, cancels(home), "cancels");
        if (n % 4 == 0) leash::go(root, leaks(home), "leaks");
      }
      if (n % 8 == 0) home->shared_.reaped += leash::reap(home->loop_).ended;
      if (n % 16 == 0) {
        leash::take_dump(home->loop_, {}, [home](const leash::Dump&) { ++home->shared_.dumps; });
      }
      home->cancel_one_afar();
      if (!co_await leash::sleep(root, home->moment())) co_return;
    }
  }
  void cancel_one_afar() {
    std::optional<leash::RemoteCancel> remote;
    {
      const std::lock_guard lock(shared_.mutex);
      auto& all = shared_.remotes;
      if (all.empty()) return;
      std::swap(all[up_to(all.size() - 1)], all.back());
      remote = std::move(all.back());
      all.pop_back();
    }
    if (up_to(3) != 0) (*remote)();  // otherwise it is dropped
  }

  Shared& shared_;
  std::mt19937_64 random_;
  asio::io_context io_{1};
  leash::Loop loop_;
  ssl::context tls_;
  tcp::acceptor acceptor_;
  leash::RemoteChannel<std::string> inbox_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::seconds time(argc > 1 ? std::atoi(argv[1]) : 10);
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device()();
  std::printf("stress: %lld s, seed %llu\n", static_cast<long long>(time.count()),
              static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  std::mt19937_64 random(seed);
  Shared shared;
  int rounds = 0;
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    std::vector<std::thread> threads;
    for (int n = 0; n < 3; ++n) {
      threads.emplace_back(
          [&shared, own_seed = random(), round = std::chrono::milliseconds(200 + random() % 800)] {
            Home home(shared, own_seed);
            home.live(round);
          });
    }
    for (std::thread& thread : threads) thread.join();
    require(Kept::alive == 0, "frames were not destroyed with their loop");
    const std::lock_guard lock(shared.mutex);
    shared.senders.clear();
    ++rounds;
  }
  std::printf("stress: %d rounds, %llu tasks, %llu handshakes, %llu values, %llu reaped, %llu dumps\n",
              rounds, static_cast<unsigned long long>(shared.started),
              static_cast<unsigned long long>(shared.handshakes),
              static_cast<unsigned long long>(shared.values), static_cast<unsigned long long>(shared.reaped),
              static_cast<unsigned long long>(shared.dumps));
}
