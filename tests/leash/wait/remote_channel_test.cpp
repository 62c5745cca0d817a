// SPDX-License-Identifier: BSL-1.0
#include "leash/remote_channel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "leash/gtest.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using Value = std::unique_ptr<int>;

Value value(int n) { return std::make_unique<int>(n); }

using RemoteChannelTest = testing::LoopFixture;

TEST_F(RemoteChannelTest, ATaskReceivesInTheOrderOfTheSender) {
  RemoteChannel<Value> channel(loop, 3);
  std::vector<int> got;
  {
    const auto sender = channel.sender();
    EXPECT_TRUE(sender.try_send(value(1)).value());
    start(
        [](Context, RemoteChannel<Value> from, std::vector<int>* into) -> Task<> {
          while (auto each = co_await from.receive()) into->push_back(**each);
          into->push_back(-1);
        },
        channel, &got);
    EXPECT_TRUE(sender.try_send(value(2)).value());
    EXPECT_TRUE(sender.try_send(value(3)).value());
    poll();
    EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
  }
  poll();
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3, -1})) << "the last sender has gone";
}

TEST_F(RemoteChannelTest, UnsentValueStaysWithSender) {
  RemoteChannel<Value> channel(loop, 1);
  const auto sender = channel.sender();
  EXPECT_TRUE(sender.try_send(value(1)).value());
  Value second = value(2);
  EXPECT_FALSE(sender.try_send(std::move(second)).has_value());
  ASSERT_TRUE(second);
  channel.close();
  const auto sent = sender.try_send(std::move(second));
  EXPECT_EQ(sent.value().error(), errc::closed);
  EXPECT_TRUE(second);
  EXPECT_EQ(*channel.try_receive()->value(), 1) << "what is in the queue can still be received";
  EXPECT_EQ(channel.try_receive()->error(), errc::closed);
}

TEST_F(RemoteChannelTest, ASenderWaitsForRoomAndFailsWithItsContext) {
  RemoteChannel<Value> channel(loop, 1);
  std::vector<int> got;
  auto [ctx, cancel] = with_cancel(root());
  start(
      [](Context, RemoteSender<Value> out, Context c, std::vector<int>* into) -> Task<> {
        for (int n = 1; n < 10; ++n) {
          const auto sent = co_await out.send(c, value(n));
          if (!sent) {
            into->push_back(sent.error() == errc::canceled ? 100 : 200);
            co_return;
          }
        }
      },
      channel.sender(), ctx, &got);
  for (int n = 1; n <= 3; ++n) {
    got.push_back(**channel.try_receive().value());
    poll();
  }
  EXPECT_EQ(got, (std::vector<int>{1, 2, 3}));
  cancel();
  poll();
  EXPECT_EQ(got.back(), 100);
}

TEST_F(RemoteChannelTest, ValueOfDestroyedReceiverGoesToNext) {
  RemoteChannel<Value> channel(loop, 1);
  const auto sender = channel.sender();
  start(
      [](Context ctx, RemoteChannel<Value> from, RemoteSender<Value> out) -> Task<> {
        {
          Scope s(ctx);
          const auto receives = [](RemoteChannel<Value> c) -> Task<> {
            (void)co_await c.receive();
            ADD_FAILURE() << "resumed";
          };
          s.go(receives(from));
          co_await sleep(1ms);
          (void)out.try_send(value(7));
        }
        const auto got = co_await from.receive(ctx);
        EXPECT_EQ(**got, 7);
      },
      channel, sender);
  advance(1ms);
}

TEST_F(RemoteChannelTest, ValuesOfDestroyedReceiversComeInTheirOrder) {
  for (const bool newest_first : {false, true}) {
    RemoteChannel<int> channel(loop, 3);
    const auto sender = channel.sender();
    std::vector<std::unique_ptr<Scope>> scopes;
    for (int n = 0; n < 3; ++n) {
      scopes.push_back(std::make_unique<Scope>(root()));
      scopes.back()->go([](RemoteChannel<int> from) -> Task<> {
        (void)co_await from.receive();
        ADD_FAILURE() << "resumed";
      }(channel));
    }
    poll();
    for (int n = 0; n < 3; ++n) EXPECT_TRUE(sender.try_send(int(n)));
    // The first handler hands them out, the next one would resume the tasks.
    if (io.stopped()) io.restart();
    io.poll_one();
    while (!scopes.empty()) scopes.erase(newest_first ? scopes.end() - 1 : scopes.begin());
    EXPECT_TRUE(sender.try_send(3)) << "what came back takes no room of others";
    EXPECT_EQ(channel.size(), 4u);
    for (int n = 0; n < 4; ++n) EXPECT_EQ(channel.try_receive().value().value(), n);
    poll();
  }
}

TEST_F(RemoteChannelTest, FailedSendLeavesValueWithCaller) {
  RemoteChannel<Value> channel(loop, 1);
  const auto sender = channel.sender();
  (void)sender.try_send(value(1));
  std::string text;
  const auto send = [](Context ctx, RemoteSender<Value> to, std::string* out) -> Task<> {
    Value kept = value(6);
    const Result<> sent = co_await to.send(ctx, std::move(kept));
    *out += sent.error().message() + (kept ? " kept " + std::to_string(*kept) : " lost ");
  };
  auto [ctx, cancel] = with_cancel(root());
  start_under(ctx, send, sender, &text);
  cancel();
  poll();
  start_under(root(), send, sender, &text);
  channel.close();
  poll();
  EXPECT_EQ(text, "context canceled kept 6channel closed kept 6");
}

TEST_F(RemoteChannelTest, UntakenSendCaseLeavesValue) {
  RemoteChannel<Value> channel(loop, 1);
  const auto sender = channel.sender();
  (void)sender.try_send(value(1));
  std::string text;
  start(
      [](Context, RemoteSender<Value> to, std::string* out) -> Task<> {
        Value kept = value(6);
        for (int n = 0; n < 2; ++n) {
          const auto r = co_await select(to.send(std::move(kept)), sleep(1s));
          *out += std::to_string(r.index()) + (kept ? " kept " : " sent");
        }
      },
      sender, &text);
  advance(1s);
  EXPECT_EQ(text, "1 kept ");
  EXPECT_EQ(**channel.try_receive().value(), 1);
  poll();
  EXPECT_EQ(text, "1 kept 0 sent");
  EXPECT_EQ(**channel.try_receive().value(), 6);
}

TEST_F(RemoteChannelTest, IsACaseOfSelect) {
  RemoteChannel<Value> channel(loop, 1);
  const auto sender = channel.sender();
  std::vector<std::size_t> taken;
  start(
      [](Context, RemoteChannel<Value> from, std::vector<std::size_t>* out) -> Task<> {
        for (int n = 0; n < 2; ++n) {
          auto which = co_await select(from.receive(), sleep(1s));
          out->push_back(which.index());
        }
      },
      channel, &taken);
  (void)sender.try_send(value(1));
  poll();
  advance(1s);
  EXPECT_EQ(taken, (std::vector<std::size_t>{0, 1}));
}

TEST(RemoteChannelAndLoop, SendersMayOutliveTheLoopAndItsIoContext) {
  std::optional<RemoteSender<Value>> kept;
  {
    asio::io_context io{1};
    Loop loop{io};
    RemoteChannel<Value> channel(loop, 2);
    kept = channel.sender();
    (void)kept->try_send(value(1));
  }
  EXPECT_EQ(kept->try_send(value(2)).value().error(), errc::closed);
}

TEST(RemoteChannelAndLoop, AChannelIsClosedWhenItsLoopEnds) {
  asio::io_context io{1};
  std::unique_ptr<RemoteChannel<Value>> kept;  // GCC 12 takes an optional for uninitialized
  std::optional<RemoteSender<Value>> sender;
  {
    Loop loop{io};
    kept = std::make_unique<RemoteChannel<Value>>(loop, 2);
    sender = kept->sender();
  }
  EXPECT_EQ(sender->try_send(value(1)).value().error(), errc::closed);
}

// [values_cross]
leash::Task<> print(leash::Context ctx, leash::RemoteChannel<std::string> lines) {
  while (auto line = co_await lines.receive(ctx)) std::puts(line->c_str());  // until every sender was dropped
}
// [/values_cross]

TEST(RemoteChannelAndThreads, RunWaitsForValuesFromAnotherThread) {
  asio::io_context io{1};
  Loop loop{io};
  RemoteChannel<std::string> lines(loop, 2);
  std::thread other([out = lines.sender()] {
    for (int n = 0; n < 3; ++n) {
      while (!out.try_send("line")) std::this_thread::yield();
    }
  });
  go(loop.background(), print(loop.background(), lines));
  const auto ran = loop.run();
  other.join();
  io.restart();
  io.poll();
  EXPECT_TRUE(ran) << ran.error().message();
  EXPECT_EQ(live_tasks(loop), 0u);
}

// Two loops pass values to each other through queues of one place; four plain threads send as well.
TEST(RemoteChannelAndThreads, EachValueArrivesOnce) {
  constexpr int count = 500;
  asio::io_context io{1};
  Loop loop{io};
  RemoteChannel<Value> channel(loop, 1);
  long sum = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([out = channel.sender()] {
      for (int n = 1; n <= count; ++n) {
        Value v = value(n);
        while (!out.try_send(std::move(v))) std::this_thread::yield();
      }
    });
    threads.emplace_back([out = channel.sender()]() mutable {
      asio::io_context own_io{1};
      Loop own{own_io};
      for (int task = 0; task < 2; ++task) {
        go(own.background(), [](Context ctx, RemoteSender<Value> to) -> Task<> {
          for (int n = 1; n <= count; ++n) {
            const auto sent = co_await to.send(ctx, value(n));
            EXPECT_TRUE(sent);
          }
        }(own.background(), out));
      }
      { const auto dropped = std::move(out); }
      const auto ran = own.run();
      EXPECT_TRUE(ran);
    });
  }
  go(loop.background(), [](Context ctx, RemoteChannel<Value> from, long* into) -> Task<> {
    while (auto got = co_await from.receive(ctx)) *into += **got;
  }(loop.background(), channel, &sum));
  const auto ran = loop.run();
  EXPECT_TRUE(ran);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 6L * count * (count + 1) / 2);
}

TEST(RemoteChannelDeathTest, ACapacityOfZeroAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        const RemoteChannel<Value> channel(loop, 0);
      },
      "a RemoteChannel was made with a capacity of 0");
}

TEST(RemoteChannelDeathTest, MovedFromEndsAbort) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        RemoteChannel<Value> channel(loop, 1);
        auto sender = channel.sender();
        const auto moved = std::move(sender);
        (void)sender.try_send(value(1));
      },
      "RemoteSender used after it was moved from");
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        RemoteChannel<Value> channel(loop, 1);
        const auto moved = std::move(channel);
        (void)channel.size();
      },
      "RemoteChannel used after it was moved from");
}

}  // namespace
}  // namespace leash
