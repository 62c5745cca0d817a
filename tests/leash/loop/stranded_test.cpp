// SPDX-License-Identifier: BSL-1.0
#include "leash/stranded.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "leash/channel.hpp"
#include "leash/done.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/wait_group.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

class StrandedTest : public testing::LoopFixture {
 protected:
  StrandedTest() { keep_leaks(); }

  std::size_t stranded() {
    poll();
    EXPECT_TRUE(find_stranded(loop));
    std::size_t count = 0;
    for (const TaskInfo& task : snapshot(loop)) count += task.stranded ? 1 : 0;
    std::size_t by_metrics = 0;
    for (const SiteMetrics& site : loop.metrics()->sites()) {
      for (const Figure& figure : site.stranded) by_metrics += figure.get();
    }
    EXPECT_EQ(by_metrics, count);
    return count;
  }
};

Task<> receive(Channel<int> channel) { (void)co_await channel.receive(); }
Task<> receive_by_reference(const Channel<int>& channel) { (void)co_await channel.receive(); }
Task<> receive_under(Context ctx, Channel<int> channel) { (void)co_await channel.receive(ctx); }
Task<> send(Channel<int> channel) { (void)co_await channel.send(7); }
Task<> wait(Done done) { co_await done.wait(); }
Task<> wait(WaitGroup group) { co_await group.wait(); }
Task<> keep(Channel<int> channel) {
  co_await sleep(1h);
  (void)channel.try_send(1);
}

TEST_F(StrandedTest, ReceiverWithoutSendersIsStranded) {
  std::optional<Channel<int>> channel(std::in_place);
  go(root(), receive(*channel));
  EXPECT_EQ(stranded(), 0u);
  channel.reset();
  EXPECT_EQ(stranded(), 1u);
}

TEST_F(StrandedTest, SenderWithoutReceiversIsStranded) {
  {
    const Channel<int> channel;
    for (int i = 0; i < 3; ++i) go(root(), send(channel));
    EXPECT_EQ(stranded(), 0u);
  }
  EXPECT_EQ(stranded(), 3u);
}

TEST_F(StrandedTest, WaiterWithoutSourceOrWorkersIsStranded) {
  {
    const WaitGroup group;
    group.add(1);
    go(root(), wait(group));
    EXPECT_EQ(stranded(), 0u);
  }
  EXPECT_EQ(stranded(), 1u);
  DoneSource source;
  go(root(), wait(source.done()));
  EXPECT_EQ(stranded(), 1u);
  source.close();
  EXPECT_EQ(stranded(), 1u);
}

TEST_F(StrandedTest, TaskWithLiveWakerIsNotStranded) {
  {
    const Channel<int> channel;
    go(root(), receive(channel));
    go(root(), keep(channel));
  }
  EXPECT_EQ(stranded(), 0u);
  advance(1h);  // it has sent its value and has ended
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(StrandedTest, HandleOnHeapPreventsVerdict) {
  auto kept = std::make_unique<Channel<int>>();
  go(root(), receive(*kept));
  EXPECT_EQ(stranded(), 0u);
  kept.reset();
  EXPECT_EQ(stranded(), 1u);
}

TEST_F(StrandedTest, WaitUnderContextIsNotStranded) {
  go(root(), receive_under(root(), Channel<int>()));
  EXPECT_EQ(stranded(), 0u);
}

Task<> receive_or_time_out(Channel<int> channel) { (void)co_await select(channel.receive(), sleep(1h)); }
Task<> receive_either(Channel<int> a, Channel<int> b) { (void)co_await select(a.receive(), b.receive()); }

TEST_F(StrandedTest, SelectIsStrandedIfNoCaseCanHappen) {
  go(root(), receive_or_time_out(Channel<int>()));
  EXPECT_EQ(stranded(), 0u);
  Channel<int> b;
  go(root(), receive_either(Channel<int>(), b));
  EXPECT_EQ(stranded(), 0u);
  b = Channel<int>();
  EXPECT_EQ(stranded(), 1u);
}

// Each has the other's channel, and waits on its own.
Task<> receive_with(Channel<int> mine, Channel<int> other) {
  (void)co_await mine.receive();
  (void)co_await other.send(1);
}

TEST_F(StrandedTest, TasksWaitingForEachOtherAreStranded) {
  std::optional<Channel<int>> a(std::in_place), b(std::in_place);
  go(root(), receive_with(*a, *b));
  go(root(), receive_with(*b, *a));
  EXPECT_EQ(stranded(), 0u);
  b.reset();
  EXPECT_EQ(stranded(), 0u) << "the first may be woken, and then wakes the second";
  a.reset();
  EXPECT_EQ(stranded(), 2u);
}

Task<> call(Channel<int> channel) {
  Channel<int> moved = std::move(channel);
  co_await receive(std::move(moved));
}
Task<> lend() {
  const Channel<int> channel;
  co_await receive_by_reference(channel);
}

TEST_F(StrandedTest, FindsHandlesInEveryFrame) {
  go(root(), call(Channel<int>()));
  go(root(), lend());
  EXPECT_EQ(stranded(), 2u);
}

// A destroyed handle and a moved-from handle are no handles of the frame any more.
Task<> pass_on(Channel<int> channel, std::vector<Channel<int>>* to) {
  {
    const Channel<int> copy = channel;
    co_await sleep(1ms);
  }
  to->push_back(std::move(channel));
  co_await to->back().receive();
}

TEST_F(StrandedTest, StaleHandleBytesDoNotCount) {
  std::vector<Channel<int>> kept;
  kept.reserve(8);
  for (int i = 0; i < 8; ++i) go(root(), pass_on(Channel<int>(), &kept));
  advance(1ms);
  EXPECT_EQ(kept.size(), 8u);
  EXPECT_EQ(stranded(), 0u);
  kept.clear();
  EXPECT_EQ(stranded(), 8u);
}

TEST_F(StrandedTest, ReportsShowVerdict) {
  go(root(), receive(Channel<int>()));
  EXPECT_EQ(stranded(), 1u);
  const std::vector<TaskInfo> tasks = snapshot(loop);
  EXPECT_NE(to_text(tasks.at(0)).find(", stranded]"), std::string::npos) << to_text(tasks.at(0));
}

TEST_F(StrandedTest, TaskDestroyedWithItsScopeIsNoLongerCounted) {
  std::optional<Scope> scope(root());
  scope->go(receive(Channel<int>()));
  EXPECT_EQ(stranded(), 1u);
  scope.reset();
  EXPECT_EQ(stranded(), 0u);
}

TEST_F(StrandedTest, SkipsSearchAboveLimit) {
  go(root(), receive(Channel<int>()));
  go(root(), receive(Channel<int>()));
  poll();
  EXPECT_FALSE(find_stranded(loop, 1));
  EXPECT_FALSE(snapshot(loop).at(0).stranded);
  EXPECT_TRUE(find_stranded(loop, 2));
}

}  // namespace
}  // namespace leash
