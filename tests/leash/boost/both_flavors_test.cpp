// SPDX-License-Identifier: BSL-1.0
// One program with loops on Asio and on Boost.Asio: this source is compiled on Asio, boost_side.cpp on Boost.Asio.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <future>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "leash/detail/event_loop.hpp"
#include "leash/detail/loop_state.hpp"
#include "leash/dump.hpp"
#include "leash/go.hpp"
#include "leash/inspector.hpp"
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

// What the inspector answers, asked by a thread of its own.
std::string ask(const Inspector& inspector, const std::string& path) {
  const std::string& url = inspector.url();
  const auto port = static_cast<asio::ip::port_type>(std::stoi(url.substr(url.rfind(':') + 1)));
  asio::io_context io{1};
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port});
  asio::write(socket,
              asio::buffer("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  std::string answer;
  std::error_code ended;
  asio::read(socket, asio::dynamic_buffer(answer), ended);
  return answer;
}

TEST(BothFlavors, AreShownByOneInspector) {
  asio::io_context io{1};
  Loop loop{io, {.name = "standalone"}};
  auto [ctx, cancel] = with_cancel(loop.background());
  go(ctx, wait_for_asio(ctx, &io), "waits on Asio");
  std::string answer;
  (void)on_a_boost_loop([&](LoopBase& boosted) {
    const auto inspector = Inspector::start();
    ASSERT_TRUE(inspector.has_value()) << inspector.error();
    auto asked = std::async(std::launch::async, [&] { return ask(*inspector, "/debug/tasks"); });
    while (asked.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      for (LoopBase* each : {static_cast<LoopBase*>(&loop), &boosted}) {
        each->state().events().restart();
        each->state().events().run_for(std::chrono::milliseconds(1));
      }
    }
    answer = asked.get();
  });
  EXPECT_THAT(answer, ::testing::HasSubstr("waits on Asio"));
  EXPECT_THAT(answer, ::testing::HasSubstr("waits on Boost.Asio"));
  cancel();
  io.restart();
  io.run();
}

TEST(BothFlavorsDeathTest, AnOperationUnderAContextOfTheOtherEndsTheProcess) {
  asio::io_context io{1};
  Loop loop{io};
  EXPECT_DEATH(boost_operation_under(loop.background()), "Asio and Boost.Asio were mixed");
}

}  // namespace
}  // namespace leash
