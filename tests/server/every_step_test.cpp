// The server's request path and its fixed patterns, interrupted at every await in turn: whatever the moment, nothing is
// left.

#include "tests/support/every_step.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "server/patterns/pattern.hpp"
#include "server/router.hpp"
#include "server/routes.hpp"
#include "server/shared.hpp"
#include "server/worker.hpp"

namespace {

using namespace std::chrono_literals;

leash::Task<> run_pattern(leash::Context ctx, leash::Loop& loop, server::PatternFunction run,
                          std::vector<server::ParkedCancel>* parked) {
  server::Demo work{ctx, loop.background(), parked, 3, 100us, 64};
  const auto tally = co_await run(std::move(work));
  if (tally) {
    EXPECT_EQ(tally->left(), 0);
  }
}

TEST(EveryStep, OfEachFixedPatternMayBeTheLast) {
  for (const server::Pattern& pattern : server::patterns()) {
    SCOPED_TRACE(pattern.name);
    std::vector<server::ParkedCancel> parked;
    const int steps = support::interrupt_at_every_step([&](leash::Context ctx, leash::Loop& loop) {
      return run_pattern(std::move(ctx), loop, pattern.fixed, &parked);
    });
    EXPECT_GE(steps, 3);
    EXPECT_TRUE(parked.empty());
  }
}

// The two ends of a TCP connection.
std::pair<int, int> connected() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener, 1), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const int server = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  EXPECT_GE(server, 0);
  ::close(listener);
  return {client, server};
}

constexpr std::string_view conversation =
    "GET /demo?pattern=send&latency=100us HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    "GET /demo?pattern=loop&latency=100us HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

// Serves the conversation, and calls `interrupt` before the given step. How many steps there were.
template <class Interrupt>
int serve_until(int step, Interrupt interrupt) {
  server::Options options;
  options.turn_budget = 1;
  server::Shared shared(options);
  const server::Router router(server::public_routes(shared));
  server::Worker worker(shared, router, "worker", 0, 1);
  asio::io_context& io = worker.loop().io();

  const auto [client, accepted] = connected();
  EXPECT_EQ(::send(client, conversation.data(), conversation.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(conversation.size()));
  worker.adopt(server::UniqueFd(accepted), AF_INET);
  int taken = 0;
  EXPECT_TRUE(support::step_until(io, [&, started = false]() mutable {
    started = started || leash::live_tasks(worker.loop()) > 0;
    return (started && leash::live_tasks(worker.loop()) == 0) || taken++ == step;
  }));
  int fd = client;
  interrupt(worker, fd);
  EXPECT_TRUE(support::step_until(
      io, [&] { return worker.open.load() == 0 && leash::live_tasks(worker.loop()) == 0; }))
      << "interrupted at step " << step << "\n"
      << to_text(leash::take_dump(worker.loop()));
  if (fd >= 0) ::close(fd);
  EXPECT_EQ(worker.loop().figures()->timers_armed.get(), 0u) << "interrupted at step " << step;
  EXPECT_LE(worker.loop().figures()->contexts_live.get() + worker.loop().figures()->contexts_held.get(), 1u)
      << "only the worker's own, interrupted at step " << step;
  EXPECT_EQ(worker.http_figures().in_flight.get(), 0u) << "interrupted at step " << step;
  EXPECT_EQ(worker.http_figures().connections.get(), 0u) << "interrupted at step " << step;
  return taken;
}

TEST(EveryStep, OfAConnectionMayBeTheOneAtWhichTheServerDrains) {
  int step = 0;
  while (serve_until(step, [](server::Worker& worker, int&) { worker.loop().drain(leash::errc::shutdown); }) >
         step) {
    ASSERT_FALSE(HasFailure());
    ASSERT_LT(++step, support::most_steps);
  }
  EXPECT_GT(step, 20);
}

TEST(EveryStep, OfAConnectionMayBeTheOneAtWhichTheClientLeaves) {
  int step = 0;
  const auto leave = [](server::Worker&, int& fd) {
    const linger reset{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(std::exchange(fd, -1));
  };
  while (serve_until(step, leave) > step) {
    ASSERT_FALSE(HasFailure());
    ASSERT_LT(++step, support::most_steps);
  }
  EXPECT_GT(step, 20);
}

}  // namespace
