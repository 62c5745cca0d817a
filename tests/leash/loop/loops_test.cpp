// SPDX-License-Identifier: BSL-1.0
#include "leash/loops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "leash/loop.hpp"

namespace leash {
namespace {

bool is_listed(const RemoteLoop& remote) { return std::ranges::count(all_loops(), remote) == 1; }

TEST(Loops, AreListedUntilTheirEnd) {
  asio::io_context io{1};
  std::optional<Loop> loop(std::in_place, io, LoopOptions{.name = "listed"});
  const RemoteLoop remote(*loop);
  EXPECT_TRUE(remote.is_alive());
  EXPECT_TRUE(is_listed(remote));
  EXPECT_EQ(all_loops().back().name(), "listed");
  loop.reset();
  EXPECT_FALSE(remote.is_alive());
  EXPECT_FALSE(is_listed(remote));
}

TEST(Loops, AreLeftOutOnRequest) {
  asio::io_context io{1};
  const Loop loop{io}, other{io};
  leave_out(loop);
  EXPECT_FALSE(is_listed(RemoteLoop(loop)));
  EXPECT_TRUE(is_listed(RemoteLoop(other)));
  EXPECT_TRUE(RemoteLoop(loop).is_alive());
}

TEST(Loops, RunPostedFunctions) {
  asio::io_context io{1};
  Loop loop{io};
  const LoopBase* ran_on = nullptr;
  bool posted = false;
  std::thread([&, remote = RemoteLoop(loop)] {
    posted = remote.post([&ran_on](LoopBase& asked) { ran_on = &asked; });
  }).join();
  EXPECT_TRUE(posted);
  EXPECT_EQ(ran_on, nullptr) << "not inside the call";
  io.poll();
  EXPECT_EQ(ran_on, &loop);
}

TEST(Loops, DropPostedFunctionsAtTheirEnd) {
  asio::io_context io{1};
  std::optional<Loop> loop(std::in_place, io);
  const RemoteLoop remote(*loop);
  bool ran = false;
  EXPECT_TRUE(remote.post([&ran](LoopBase&) { ran = true; }));
  loop.reset();
  EXPECT_FALSE(remote.post([&ran](LoopBase&) { ran = true; }));
  io.poll();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace leash
