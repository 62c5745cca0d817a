// SPDX-License-Identifier: BSL-1.0
#include "http/server/hangup_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "leash/select.hpp"
#include "tests/support/socket_fixture.hpp"

namespace {

using http::server::HangupWatch;

class HangupWatchTest : public support::SocketFixture {
 protected:
  // Waits for the client to hang up, or for ctx.
  static leash::Task<> wait(leash::Context ctx, HangupWatch& watch, int fd, int& seen) {
    const HangupWatch::Watched watched(watch, fd);
    const auto woken = co_await leash::select(watched.hung_up().wait(), ctx.done());
    if (woken.index() == 0) ++seen;
  }
  void start_waiting(leash::Context ctx) {
    leash::go(ctx, wait(ctx, watch, socket.native_handle(), seen), "test");
    poll();
  }
  int seen = 0;
};

TEST_F(HangupWatchTest, TellsOfAHalfCloseBehindUnreadBytes) {
  send("unread");
  start_waiting(root());
  EXPECT_EQ(seen, 0) << "bytes are no end";
  ::shutdown(client, SHUT_WR);
  EXPECT_TRUE(eventually([&] { return seen == 1; }));
}

TEST_F(HangupWatchTest, TellsOfAResetBehindUnreadBytes) {
  send("unread");
  start_waiting(root());
  reset_client();
  EXPECT_TRUE(eventually([&] { return seen == 1; }));
}

TEST_F(HangupWatchTest, ReportsHangupBeforeItsStart) {
  send("unread");
  close_client();
  start_waiting(root());
  EXPECT_TRUE(eventually([&] { return seen == 1; }));
}

TEST_F(HangupWatchTest, WatchesASocketAgainAndAgain) {
  for (int i = 0; i < 3; ++i) {
    auto [ctx, cancel] = leash::with_cancel(root());
    start_waiting(ctx);
    cancel();
    poll();
    EXPECT_EQ(leash::live_tasks(loop), 0u);
  }
  start_waiting(root());
  close_client();
  EXPECT_TRUE(eventually([&] { return seen == 1; }));
}

TEST_F(HangupWatchTest, TellsEveryoneOfMany) {
  std::vector<std::unique_ptr<support::Connected>> pairs;
  std::vector<int> told(200, 0);
  for (int& one : told) {
    pairs.push_back(std::make_unique<support::Connected>());
    leash::go(root(), wait(root(), watch, pairs.back()->accepted, one), "test");
  }
  poll();
  for (const auto& ends : pairs) ::close(std::exchange(ends->client, -1));
  EXPECT_TRUE(eventually([&] { return std::count(told.begin(), told.end(), 1) == 200; }));
}

TEST_F(HangupWatchTest, TreatsUnwatchableSocketAsHungUp) {
  leash::go(root(), wait(root(), watch, -1, seen), "test");
  poll();
  EXPECT_EQ(seen, 1);
}

}  // namespace
