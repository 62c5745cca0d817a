// SPDX-License-Identifier: BSL-1.0
// A request allocates nothing after its connection and its loop have served some requests. This is a separate
// program, because it replaces operator new.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "leash/done.hpp"
#include "leash/metrics.hpp"
#include "server/routes.hpp"
#include "tests/support/connected.hpp"
#include "tests/support/failing_new.hpp"
#include "tests/support/in_process_server.hpp"

namespace {

constexpr unsigned requests = 1000;

// The loop's thread: how often it has allocated so far, and what the pool of frames has taken from the system.
struct Taken {
  unsigned long allocations;
  std::size_t mapped_bytes;
};
Taken taken(http::server::Worker& worker) {
  std::promise<Taken> told;
  worker.post([&told] { told.set_value({support::allocations(), leash::frame_pool_usage().mapped_bytes}); });
  return told.get_future().get();
}

// The least of a few rounds: on a busy machine, an event that is rare may be met after the warm-up, and Asio then keeps its
// memory for the next one.
unsigned long allocations_of(std::string_view target) {
  unsigned long allocations = std::numeric_limits<unsigned long>::max();
  const server::Shared shared{server::Options{}};
  support::InProcessServer server(server::public_routes(shared));
  server.worker.start();
  {
    support::Connected ends;
    server.worker.adopt(http::server::UniqueFd(std::exchange(ends.accepted, -1)), AF_INET);
    const std::string request = "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto serve_one = [&] {
      char answer[1024];
      ASSERT_EQ(::send(ends.client, request.data(), request.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(request.size()));
      const ssize_t size = ::recv(ends.client, answer, sizeof answer, 0);
      ASSERT_GT(size, 0);
      EXPECT_TRUE(std::string_view(answer, static_cast<std::size_t>(size)).starts_with("HTTP/1.1 200 "));
    };
    for (unsigned i = 0; i < requests; ++i) serve_one();
    for (unsigned round = 0; round < 5; ++round) {
      const Taken before = taken(server.worker);
      for (unsigned i = 0; i < requests; ++i) serve_one();
      const Taken after = taken(server.worker);
      allocations = std::min(allocations, after.allocations - before.allocations);
      EXPECT_EQ(after.mapped_bytes, before.mapped_bytes);
    }
  }
  while (server.worker.open.load() != 0) (void)taken(server.worker);
  server.worker.stop_and_join();
  return allocations;
}

class Allocations : public testing::Test {
 protected:
  void SetUp() override {
    const leash::DoneSource in_the_pool;
    if (leash::frame_pool_usage().mapped_bytes == 0)
      GTEST_SKIP() << "a sanitizer's pool of frames is operator new";
  }
};

TEST_F(Allocations, HealthCheckMakesNone) { EXPECT_EQ(allocations_of("/healthz"), 0U); }

TEST_F(Allocations, FixedDemonstrationMakesNoneButThePayloadOfItsTask) {
  const std::string target = "/demo?pattern=receive&mode=fixed&latency=0";
  EXPECT_EQ(allocations_of(target + "&payload=0"), 0U);
  EXPECT_EQ(allocations_of(target), requests);
}

}  // namespace
