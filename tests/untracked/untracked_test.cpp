// SPDX-License-Identifier: BSL-1.0
// The library and the server without tracking (-DLEASH_TRACKING=OFF): what still has to work, and what is missing.

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <string>
#include <vector>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/leak_check.hpp"
#include "leash/reaper.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "tests/support/server_process.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_in(Channel<int> ch) { (void)co_await ch.receive(); }
Task<Result<>> sleep_under(Context ctx) {
  const auto slept = co_await sleep(ctx, 1h);
  if (!slept) co_return std::unexpected(slept.error());
  co_return Result<>();
}
Task<> cancel_and_join(Context ctx, std::string* out) {
  Scope s(ctx);
  for (int i = 0; i < 3; ++i) s.go(sleep_under(s.ctx()));
  s.cancel();
  const Result<> joined = co_await s.join();
  *out = joined ? "joined" : joined.error().message();
}

TEST(Untracked, TasksAreCountedCanceledAndJoined) {
  asio::io_context io{1};
  Loop loop{io};
  std::string text;
  go(loop.background(), cancel_and_join(loop.background(), &text));
  EXPECT_EQ(live_tasks(loop), 1u);
  io.poll();
  EXPECT_EQ(text, "joined");
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST(Untracked, ADeadlockIsStillFoundWithoutSayingWhere) {
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  go(loop.background(), wait_in(ch), "stuck");
  const auto leaks = find_leaks(loop);
  ASSERT_TRUE(leaks);
  EXPECT_TRUE(leaks->deadlock);
  EXPECT_EQ(leaks->tasks, 1u);
  const std::vector<TaskInfo> tasks = snapshot(loop);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].name, "");
  EXPECT_TRUE(tasks[0].frames.empty());
  EXPECT_EQ(tasks[0].wait, WaitKind::none);
  EXPECT_EQ(tasks[0].frame_bytes, 0u);
  EXPECT_TRUE(loop.metrics()->sites().empty());
  ch.close();
  io.restart();
  io.poll();
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST(Untracked, HasNoOrphansToReap) {
  asio::io_context io{1};
  Loop loop{io, {.grace = 0s}};
  Channel<int> ch;
  {
    const Cancelable owner = with_cancel(loop.background());
    go(owner.ctx, wait_in(ch));
  }
  io.poll();
  EXPECT_EQ(reap(loop).ended, 0u);
  EXPECT_EQ(live_tasks(loop), 1u);
  ch.close();
  io.restart();
  io.poll();
}

TEST(Untracked, ALoopEndsWithItsFrames) {
  asio::io_context io{1};
  std::size_t abandoned = 0;
  LoopOptions options;
  options.on_abandoned = [&](const std::vector<TaskInfo>& tasks) { abandoned = tasks.size(); };
  expect_leaks();
  {
    Loop loop{io, std::move(options)};
    go(loop.background(), wait_in(Channel<int>()));
    io.poll();
  }
  EXPECT_EQ(abandoned, 1u);
}

TEST(Untracked, TheServerServesEveryPatternAndDrains) {
  support::ServerProcess server({"--mode", "fixed"});
  for (const char* pattern : {"receive", "send", "poller", "timer", "mixed"}) {
    const support::HttpReply reply = server.get("/demo?latency=0&pattern=" + std::string(pattern));
    EXPECT_EQ(reply.status, 200) << pattern << reply.body;
    EXPECT_NE(reply.body.find("\"left\":0"), std::string::npos) << reply.body;
  }
  EXPECT_EQ(server.admin("GET", "/metrics").status, 200);
  EXPECT_EQ(server.admin("GET", "/debug/tasks").status, 200);
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace leash
