// SPDX-License-Identifier: BSL-1.0
// One program with loops on Asio and on Boost.Asio: this source is compiled on Asio, boost_side.cpp on Boost.Asio.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/loop.hpp"
#include "leash/loops.hpp"
#include "leash/reaper.hpp"
#include "leash/via.hpp"
#include "tests/leash/boost/boost_side.hpp"

namespace leash {
namespace {

using ::testing::ElementsAre;

Task<> wait_for_asio(Context ctx, asio::io_context* io) {
  asio::steady_timer timer(*io, std::chrono::hours(1));
  (void)co_await timer.async_wait(via(ctx));
}

TEST(BothFlavors, AreInOneListOfLoopsAndInOneDump) {
  asio::io_context io{1};
  Loop loop{io, {.name = "standalone"}};
  auto [ctx, cancel] = with_cancel(loop.background());
  go(ctx, wait_for_asio(ctx, &io), "waits on Asio");
  io.poll();
  std::vector<std::string> names;
  Dump dump;
  const std::error_code said = on_a_boost_loop([&](LoopBase& boosted) {
    for (const RemoteLoop& each : all_loops()) names.push_back(each.name());
    std::vector<Dump> dumps;
    dumps.push_back(take_dump(loop));
    dumps.push_back(take_dump(boosted));
    dump = merge(std::move(dumps), {});
  });
  EXPECT_THAT(names, ElementsAre("standalone", "boosted"));
  EXPECT_EQ(dump.live, 2u);
  std::vector<std::string> tasks;
  for (const TaskGroup& entry : dump.entries) {
    tasks.push_back(entry.oldest.name);
    EXPECT_EQ(entry.oldest.wait, WaitKind::sleep) << "both are timers";
  }
  EXPECT_THAT(tasks, ::testing::UnorderedElementsAre("waits on Asio", "waits on Boost.Asio"));
  EXPECT_EQ(said, errc::canceled);
  cancel();
  io.restart();
  io.run();
}

TEST(BothFlavors, AFunctionIsPostedToALoopOfTheOther) {
  bool ran = false;
  (void)on_a_boost_loop([&](LoopBase& boosted) {
    EXPECT_TRUE(RemoteLoop(boosted).post([&](LoopBase& there) {
      EXPECT_EQ(&there, &boosted);
      ran = true;
    }));
  });
  EXPECT_TRUE(ran);
}

TEST(BothFlavorsDeathTest, AnOperationUnderAContextOfTheOtherEndsTheProcess) {
  asio::io_context io{1};
  Loop loop{io};
  EXPECT_DEATH(boost_operation_under(loop.background()), "Asio and Boost.Asio were mixed");
}

}  // namespace
}  // namespace leash
