// SPDX-License-Identifier: BSL-1.0
#include "leash/channel.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(std::is_nothrow_copy_constructible_v<Channel<int>>);
static_assert(std::is_nothrow_move_constructible_v<Channel<std::unique_ptr<int>>>);
static_assert(sizeof(Channel<int>) == sizeof(void*));
static_assert(std::is_same_v<decltype(std::declval<Channel<int>>().receive().await_resume()), Result<int>>);
static_assert(std::is_same_v<decltype(std::declval<Channel<int>>().send(1).await_resume()), Result<>>);

using ChannelTest = testing::LoopFixture;

Task<> send_all(Channel<int> ch, int from, int to) {
  for (int i = from; i < to; ++i) (void)co_await ch.send(i);
}
Task<> receive_until_closed(Channel<int> ch, std::vector<int>* out) {
  while (auto v = co_await ch.receive()) out->push_back(*v);
}
Task<> receive_one(Channel<int> ch, std::string* out) {
  auto r = co_await ch.receive();
  *out += r ? std::to_string(*r) : r.error().message();
}
Task<> receive_under(Context ctx, Channel<int> ch, std::string* out) {
  auto r = co_await ch.receive(ctx);
  *out += r ? std::to_string(*r) : r.error().message();
}
Task<> send_one(Channel<int> ch, int value, std::string* out) {
  auto r = co_await ch.send(value);
  *out += r ? "sent" : r.error().message();
}
Task<> send_under(Context ctx, Channel<int> ch, int value, std::string* out) {
  auto r = co_await ch.send(ctx, value);
  *out += r ? "sent" : r.error().message();
}

TEST_F(ChannelTest, ASendWithoutBufferWaitsForItsReceiver) {
  Channel<int> ch;
  std::string sent, received;
  go(root(), send_one(ch, 7, &sent));
  poll();
  EXPECT_EQ(sent, "");
  go(root(), receive_one(ch, &received));
  poll();
  EXPECT_EQ(sent, "sent");
  EXPECT_EQ(received, "7");
}

TEST_F(ChannelTest, BufferFillsToCapacityAndKeepsSenderOrder) {
  Channel<int> ch(2);
  std::string sent;
  for (int i = 0; i < 4; ++i) go(root(), send_one(ch, i, &sent));
  poll();
  EXPECT_EQ(sent, "sentsent");
  EXPECT_EQ(ch.size(), 2u);
  EXPECT_EQ(ch.capacity(), 2u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ch.try_receive().value().value(), i);
  EXPECT_FALSE(ch.try_receive());
  poll();
  EXPECT_EQ(sent, "sentsentsentsent");
}

TEST_F(ChannelTest, ValuesOfManySendersArriveOnceEach) {
  for (const std::size_t capacity : {0u, 1u, 7u}) {
    Channel<int> ch(capacity);
    std::vector<int> got;
    for (int i = 0; i < 10; ++i) go(root(), send_all(ch, i * 100, i * 100 + 100));
    go(root(), receive_until_closed(ch, &got));
    go(root(), receive_until_closed(ch, &got));
    poll();
    ASSERT_EQ(got.size(), 1000u);
    for (int i = 0; i < 10; ++i) {  // the order of each sender is kept
      std::vector<int> mine;
      std::copy_if(got.begin(), got.end(), std::back_inserter(mine), [i](int v) { return v / 100 == i; });
      EXPECT_EQ(mine.size(), 100u);
    }
    std::sort(got.begin(), got.end());
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
    ch.close();
    poll();
  }
}

TEST_F(ChannelTest, ServesReceiversInArrivalOrder) {
  Channel<int> ch;
  std::string a, b;
  go(root(), receive_one(ch, &a));
  go(root(), receive_one(ch, &b));
  poll();
  EXPECT_TRUE(ch.try_send(1));
  EXPECT_TRUE(ch.try_send(2));
  EXPECT_FALSE(ch.try_send(3));
  poll();
  EXPECT_EQ(a, "1");
  EXPECT_EQ(b, "2");
}

TEST_F(ChannelTest, CloseLetsTheBufferBeReceivedAndThenFails) {
  Channel<int> ch(3);
  EXPECT_TRUE(ch.try_send(1)->has_value());
  EXPECT_TRUE(ch.try_send(2)->has_value());
  EXPECT_TRUE(ch.close());
  EXPECT_FALSE(ch.close());
  EXPECT_TRUE(ch.closed());
  EXPECT_EQ(ch.try_send(3).value().error(), errc::closed);
  std::string sent;
  go(root(), send_one(ch, 4, &sent));
  std::vector<int> got;
  go(root(), receive_until_closed(ch, &got));
  poll();
  EXPECT_EQ(sent, "channel closed");
  EXPECT_EQ(got, (std::vector<int>{1, 2}));
  EXPECT_EQ(ch.try_receive().value().error(), errc::closed);
}

TEST_F(ChannelTest, CloseWakesWaitingReceiversAndSenders) {
  Channel<int> a, b;
  std::string received, sent;
  go(root(), receive_one(a, &received));
  go(root(), receive_one(a, &received));
  go(root(), send_one(b, 1, &sent));
  poll();
  a.close();
  b.close();
  poll();
  EXPECT_EQ(received, "channel closedchannel closed");
  EXPECT_EQ(sent, "channel closed");
}

TEST_F(ChannelTest, AWaiterKeepsTheChannelAliveAndStaysParked) {
  keep_leaks();
  auto value = std::make_shared<int>(1);
  {
    Channel<std::shared_ptr<int>> ch;
    go(root(), [](Channel<std::shared_ptr<int>> c, std::shared_ptr<int> v) -> Task<> {
      (void)co_await c.send(std::move(v));
    }(ch, value));
    poll();
  }
  poll();
  EXPECT_EQ(live_tasks(loop), 1u);
  EXPECT_EQ(value.use_count(), 2);
}

TEST_F(ChannelTest, ADoneContextTakesTheWaiterAway) {
  Channel<int> ch;
  auto [ctx, cancel] = with_cancel(root());
  std::string received, sent;
  go(ctx, receive_under(ctx, ch, &received));
  poll();
  cancel();
  EXPECT_FALSE(ch.try_send(1)) << "nobody waits any more: no value is lost";
  poll();
  EXPECT_EQ(received, "context canceled");
  auto [other, cancel_other] = with_timeout(root(), 1s);
  go(other, send_under(other, ch, 2, &sent));
  advance(1s);
  EXPECT_EQ(sent, "context deadline exceeded");
  EXPECT_FALSE(ch.try_receive());
}

TEST_F(ChannelTest, OperationUnderDoneContextFailsDespiteReadiness) {
  Channel<int> ch(2);
  EXPECT_TRUE(ch.try_send(1));
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  std::string received, sent;
  go(ctx, receive_under(ctx, ch, &received));
  go(ctx, send_under(ctx, ch, 2, &sent));
  poll();
  EXPECT_EQ(received, "context canceled");
  EXPECT_EQ(sent, "context canceled");
  EXPECT_EQ(ch.size(), 1u);
}

TEST_F(ChannelTest, ValueBeforeCancelWins) {
  Channel<int> ch;
  auto [ctx, cancel] = with_cancel(root());
  std::string received;
  go(ctx, receive_under(ctx, ch, &received));
  poll();
  EXPECT_TRUE(ch.try_send(5));
  cancel();
  poll();
  EXPECT_EQ(received, "5");
}

TEST_F(ChannelTest, UnlinksTenThousandWaitersOneByOne) {
  Channel<int> ch;
  std::vector<Cancelable> contexts;
  std::string text;
  for (int i = 0; i < 10'000; ++i) {
    contexts.push_back(with_cancel(root()));
    go(contexts.back().ctx, receive_under(contexts.back().ctx, ch, &text));
  }
  poll();
  std::shuffle(contexts.begin(), contexts.end(), std::minstd_rand(1));
  for (Cancelable& each : contexts) each.cancel();
  poll();
  EXPECT_EQ(live_tasks(loop), 0u);
  EXPECT_FALSE(ch.try_send(1));
}

TEST_F(ChannelTest, UnlinksDestroyedWaiter) {
  Channel<int> ch;
  start(
      [](Context ctx, Channel<int> c) -> Task<> {
        Scope s(ctx);
        std::string unused;
        s.go(receive_one(c, &unused));
        s.go(send_one(Channel<int>(), 1, &unused));
        (void)co_await select(s.ctx().done(), otherwise);
        co_await [](Context x) -> Task<> {  // lets them start
          Channel<int> one(1);
          (void)co_await one.send(1);
          (void)co_await sleep(x, 1s);
        }(ctx);
      },
      ch);
  advance(1s);  // the scope is destroyed without join
  EXPECT_FALSE(ch.try_send(1));
}

TEST_F(ChannelTest, TwoTasksPlayPingPong) {
  Channel<int> ping, pong;
  int last = 0;
  go(root(), [](Channel<int> in, Channel<int> out) -> Task<> {
    while (auto v = co_await in.receive()) (void)co_await out.send(*v + 1);
    out.close();
  }(ping, pong));
  go(root(), [](Channel<int> out, Channel<int> in, int* l) -> Task<> {
    for (int i = 0; i < 10'000; ++i) {
      (void)co_await out.send(*l);
      *l = (co_await in.receive()).value();
    }
    out.close();
  }(ping, pong, &last));
  poll();
  EXPECT_EQ(last, 10'000);
}

TEST_F(ChannelTest, UseAfterAMoveIsNamed) {
  Channel<int> moved(1);
  const Channel<int> kept = std::move(moved);
  EXPECT_DEATH((void)moved.size(), "Channel used after it was moved from");
  EXPECT_DEATH((void)moved.close(), "Channel used after it was moved from");
  EXPECT_DEATH((void)moved.try_send(1), "Channel used after it was moved from");
  EXPECT_DEATH((void)moved.receive(), "Channel used after it was moved from");
  EXPECT_EQ(kept.capacity(), 1u);
}

TEST_F(ChannelTest, AnAwaiterIsAwaitedOnce) {
  EXPECT_DEATH(
      {
        start([](Context) -> Task<> {
          Channel<int> ch(1);
          (void)ch.try_send(1);
          auto receive = ch.receive();
          (void)co_await receive;
          (void)co_await receive;
        });
      },
      "an awaiter is awaited once");
}

TEST_F(ChannelTest, AnAwaiterIsNotMovedWhileATaskWaits) {
  EXPECT_DEATH(
      {
        Channel<int> ch;
        auto receive = ch.receive();
        start([](Context, decltype(receive)* waiting) -> Task<> { (void)co_await *waiting; }, &receive);
        const auto moved = std::move(receive);
      },
      "an awaiter was moved while a task waits for it");
}

// --- no value is lost ---

TEST_F(ChannelTest, AValueOfADestroyedReceiverGoesToTheNextOne) {
  Channel<int> ch;
  std::string lost, got;
  auto [ctx, cancel] = with_cancel(root());
  std::optional<Scope> scope(ctx);
  scope->go(receive_one(ch, &lost));
  poll();
  go(root(), receive_one(ch, &got));
  poll();
  EXPECT_TRUE(ch.try_send(7)) << "handed to the first receiver";
  scope.reset();
  poll();
  EXPECT_EQ(lost + "|" + got, "|7");
}

TEST_F(ChannelTest, ValuesOfDestroyedReceiversComeInTheirOrder) {
  for (const bool newest_first : {false, true}) {
    Channel<int> ch;
    std::string lost;
    std::vector<std::unique_ptr<Scope>> scopes;
    for (int i = 0; i < 3; ++i) {
      scopes.push_back(std::make_unique<Scope>(root()));
      scopes.back()->go(receive_one(ch, &lost));
      poll();
    }
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ch.try_send(i));
    EXPECT_EQ(ch.size(), 0u);
    while (!scopes.empty()) scopes.erase(newest_first ? scopes.end() - 1 : scopes.begin());
    EXPECT_EQ(ch.size(), 3u) << "more than its capacity of 0";
    EXPECT_FALSE(ch.try_send(3)) << "that is no room for others";
    ch.close();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ch.try_receive().value().value(), i);
    EXPECT_EQ(ch.try_receive().value().error(), errc::closed);
    EXPECT_EQ(lost, "");
  }
}

TEST_F(ChannelTest, BufferedValuesOfDestroyedReceiversComeInTheirOrder) {
  asio::io_context slow_io{1};
  LoopOptions options;
  options.turn_budget = 1;  // each receiver takes its value in one turn and runs in another
  Loop slow{slow_io, std::move(options)};
  Channel<int> ch(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ch.try_send(i));
  std::string lost;
  std::vector<std::unique_ptr<Scope>> scopes;
  for (int i = 0; i < 3; ++i) {
    scopes.push_back(std::make_unique<Scope>(slow.background()));
    scopes.back()->go(receive_one(ch, &lost));
  }
  for (int i = 0; i < 3; ++i) slow_io.poll_one();
  EXPECT_EQ(ch.size(), 0u);
  while (!scopes.empty()) scopes.pop_back();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ch.try_receive().value().value(), i);
  EXPECT_EQ(lost, "");
}

TEST(ReturnedValues, ComeInTheOrderOfTheirNumbersWhichMayWrap) {
  detail::ReturnedValues<int> values;
  for (const std::uint32_t number : {1u, 0xfffffffeu, 0u, 0xffffffffu})
    values.put(number, static_cast<int>(number));
  for (const std::uint32_t number : {0xfffffffeu, 0xffffffffu, 0u, 1u}) {
    std::optional<int> value;
    EXPECT_EQ(values.take(value), number);
    EXPECT_EQ(value, static_cast<int>(number));
  }
}

TEST_F(ChannelTest, AGivenBackValueComesBeforeTheBuffered) {
  Channel<int> ch(1);
  std::string lost, sent;
  std::optional<Scope> scope(root());
  scope->go(receive_one(ch, &lost));
  poll();
  EXPECT_TRUE(ch.try_send(1));
  EXPECT_TRUE(ch.try_send(2));
  scope.reset();
  go(root(), send_one(ch, 3, &sent));
  poll();
  EXPECT_EQ(sent, "") << "the buffer is full";
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(ch.try_receive().value().value(), i);
  poll();
  EXPECT_EQ(sent, "sent");
}

TEST_F(ChannelTest, DestroyedReadyReceiveReturnsItsValue) {
  Channel<std::unique_ptr<int>> ch(1);
  std::optional<Scope> scope(root());
  scope->go([](Channel<std::unique_ptr<int>> c) -> Task<> {
    Channel<int> ready(1000);
    for (int i = 0; i < 255; ++i) (void)co_await ready.send(i);  // its share of the turn is used up
    (void)co_await c.receive();
    ADD_FAILURE() << "it was destroyed before";
  }(ch));
  EXPECT_TRUE(ch.try_send(std::make_unique<int>(5)));
  if (io.stopped()) io.restart();
  io.poll_one();
  scope.reset();
  EXPECT_EQ(*ch.try_receive().value().value(), 5);
}

TEST_F(ChannelTest, DestroyedSelectReturnsItsValue) {
  Channel<std::string> ch, idle;
  std::optional<Scope> scope(root());
  scope->go([](Channel<std::string> a, Channel<std::string> b) -> Task<> {
    (void)co_await select(a.receive(), b.receive());
  }(ch, idle));
  poll();
  EXPECT_TRUE(ch.try_send("kept"));
  scope.reset();
  EXPECT_EQ(ch.try_receive().value().value(), "kept");
}

TEST_F(ChannelTest, TrySendMovesOnlySentValues) {
  Channel<std::unique_ptr<int>> ch(1);
  auto value = std::make_unique<int>(1);
  EXPECT_TRUE(ch.try_send(std::move(value)).value());
  EXPECT_EQ(value, nullptr);
  value = std::make_unique<int>(2);
  EXPECT_FALSE(ch.try_send(std::move(value)));
  ASSERT_NE(value, nullptr) << "it would have had to wait";
  ch.close();
  EXPECT_EQ(ch.try_send(std::move(value)).value().error(), errc::closed);
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(*value, 2);
}

TEST_F(ChannelTest, FailedSendLeavesValueWithCaller) {
  Channel<std::unique_ptr<int>> ch;
  std::string text;
  auto [ctx, cancel] = with_cancel(root());
  const auto send = [](Context c, Channel<std::unique_ptr<int>> to, std::string* out) -> Task<> {
    auto value = std::make_unique<int>(6);
    const Result<> sent = co_await to.send(c, std::move(value));
    *out += sent.error().message() + (value ? " kept " + std::to_string(*value) : " lost ");
  };
  start_under(ctx, send, ch, &text);
  cancel();
  poll();
  start_under(root(), send, ch, &text);
  ch.close();
  poll();
  EXPECT_EQ(text, "context canceled kept 6channel closed kept 6");
}

TEST_F(ChannelTest, UntakenSendCaseLeavesValue) {
  Channel<std::unique_ptr<int>> ch;
  std::string text;
  const auto offer = [](Context, Channel<std::unique_ptr<int>> to, std::string* out) -> Task<> {
    auto value = std::make_unique<int>(6);
    const auto r = co_await select(to.send(std::move(value)), sleep(1s));
    *out += std::to_string(r.index()) + (value ? " kept" : " sent");
  };
  start(offer, ch, &text);
  advance(1s);
  EXPECT_EQ(text, "1 kept");
  text.clear();
  start(offer, ch, &text);
  EXPECT_EQ(*ch.try_receive().value().value(), 6);
  poll();
  EXPECT_EQ(text, "0 sent");
}

TEST_F(ChannelTest, SendsTemporariesAndCopiesVariables) {
  Channel<std::string> ch;
  std::string got;
  start(
      [](Context, Channel<std::string> to) -> Task<> {
        const std::string kept = "a variable long enough to be on the heap, ";
        (void)co_await to.send(kept);
        (void)co_await to.send("a temporary that is long enough to be on the heap, ");
        (void)co_await to.send(kept + kept);
        (void)co_await select(to.send(std::string(40, 'x')), sleep(1h));
        EXPECT_EQ(kept, "a variable long enough to be on the heap, ");
        to.close();
      },
      ch);
  while (true) {
    const auto value = ch.try_receive().value();
    if (!value) break;
    got += *value;
    poll();
  }
  EXPECT_EQ(got,
            "a variable long enough to be on the heap, a temporary that is long enough to be on the heap, "
            "a variable long enough to be on the heap, a variable long enough to be on the heap, " +
                std::string(40, 'x'));
}

}  // namespace
}  // namespace leash
