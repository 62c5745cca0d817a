// SPDX-License-Identifier: BSL-1.0
#include "server/patterns/hung_upstream.hpp"

#include <gtest/gtest.h>

#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "tests/support/every_step.hpp"
#include "tests/support/server_process.hpp"

namespace {

class HungUpstreamTest : public testing::Test {
 protected:
  // Runs the loop until this many tasks are alive.
  bool becomes(std::size_t tasks) {
    return support::step_until(io, steps, [&] { return leash::live_tasks(loop) == tasks; });
  }
  asio::io_context io{1};
  leash::Loop loop{io};
  int steps = 0;
};

TEST_F(HungUpstreamTest, HoldsConnectionsUntilPeerCloses) {
  auto hung = server::HungUpstream::open(io);
  ASSERT_TRUE(hung) << hung.error();
  const std::uint16_t port = hung->url().port;
  auto [ctx, cancel] = leash::with_cancel(loop.background());
  leash::go(ctx, server::HungUpstream::run(std::move(*hung), ctx), "hung upstream");

  support::RawClient one(port);
  auto other = std::make_unique<support::RawClient>(port);
  one.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(10'000, 'x'));
  EXPECT_TRUE(becomes(3)) << to_text(leash::take_dump(loop));
  EXPECT_EQ(one.receive_all(std::chrono::milliseconds(20)), "");
  other->reset();
  EXPECT_TRUE(becomes(2)) << to_text(leash::take_dump(loop));

  cancel();
  EXPECT_TRUE(becomes(0)) << to_text(leash::take_dump(loop));
  EXPECT_TRUE(one.closed_by_server());
}

}  // namespace
