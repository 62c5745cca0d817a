// SPDX-License-Identifier: BSL-1.0
// The server's request path and its fixed patterns, interrupted at each await in turn. Nothing may be left over.

#include "leash/every_step.hpp"
#include "tests/support/every_step.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/server/worker.hpp"
#include "server/patterns/pattern.hpp"
#include "server/patterns/upstream_client.hpp"
#include "server/routes.hpp"
#include "tests/support/in_process_server.hpp"
#include "tests/support/silent_listener.hpp"

namespace {

using namespace std::chrono_literals;

leash::Task<> run_pattern(leash::Context ctx, leash::Loop& loop, server::PatternFunction run,
                          server::PatternState* state, http::Url silent) {
  state->upstream = std::make_shared<server::Upstream>(loop, std::move(silent), std::nullopt, 10);
  server::Demo work{ctx, loop.background(), state, 3, 100us, 64};
  const auto tally = co_await run(std::move(work));
  if (tally) {
    EXPECT_EQ(tally->left(), 0);
  }
}

TEST(EveryStep, OfEachFixedPatternMayBeTheLast) {
  for (const server::Pattern& pattern : server::patterns()) {
    SCOPED_TRACE(pattern.name);
    server::PatternState state;
    const support::SilentListener silent;
    const int steps = leash::testing::every_step([&](leash::Context ctx, leash::Loop& loop) {
      return run_pattern(std::move(ctx), loop, pattern.fixed, &state, silent.url());
    });
    EXPECT_GE(steps, 2);
    EXPECT_TRUE(state.parked.empty());
  }
}

constexpr std::string_view conversation =
    "GET /demo?pattern=send&latency=100us HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    "GET /demo?pattern=poller&latency=100us HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

// Serves the conversation, and calls `interrupt` after this many steps. False if it ended before.
template <class Interrupt>
bool interrupted_at(int step, Interrupt interrupt) {
  SCOPED_TRACE("interrupted at step " + std::to_string(step));
  const server::Shared shared{server::Options()};
  support::InProcessServer server(server::public_routes(shared), {}, {.turn_budget = 1});
  http::server::Worker& worker = server.worker;
  asio::io_context& io = worker.loop().io();

  support::Connected ends;
  int& client = ends.client;
  EXPECT_EQ(::send(client, conversation.data(), conversation.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(conversation.size()));
  worker.adopt(http::server::UniqueFd(std::exchange(ends.accepted, -1)), AF_INET);
  const auto served = [&, &fd = client] {  // the client reads, and closes after the server has closed
    char bytes[4096];
    while (fd >= 0) {
      const ssize_t n = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
      if (n == 0) ::close(std::exchange(fd, -1));
      if (n <= 0) break;
    }
    return worker.open.load() == 0 && leash::live_tasks(worker.loop()) == 0;
  };
  int taken = 0;
  EXPECT_TRUE(support::step_until(io, taken, [&] { return served() || taken == step; }));
  const bool ended_before = served();
  if (!ended_before) interrupt(worker, client);
  EXPECT_TRUE(support::step_until(io, taken, served)) << to_text(leash::take_dump(worker.loop()));
  const auto& metrics = *worker.loop().metrics();
  EXPECT_EQ(metrics.timers_armed.get(), 0u);
  EXPECT_LE(metrics.contexts_live.get() + metrics.contexts_held.get(), 1u) << "only the worker's own";
  EXPECT_EQ(worker.metrics().in_flight.get(), 0u);
  EXPECT_EQ(worker.metrics().connections.get(), 0u);
  return !ended_before;
}

template <class Interrupt>
void interrupt_at_every_step(Interrupt interrupt) {
  int step = 0;
  while (interrupted_at(step, interrupt)) {
    ASSERT_FALSE(testing::Test::HasFailure());
    ASSERT_LT(++step, support::most_steps);
  }
  EXPECT_GT(step, 20);
}

TEST(EveryStep, OfConnectionToleratesServerDrain) {
  interrupt_at_every_step(
      [](http::server::Worker& worker, int&) { worker.loop().drain(leash::errc::shutdown); });
}

TEST(EveryStep, OfConnectionToleratesClientReset) {
  interrupt_at_every_step([](http::server::Worker&, int& client) {
    if (client < 0) return;
    const linger reset{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(std::exchange(client, -1));
  });
}

}  // namespace
