// SPDX-License-Identifier: BSL-1.0
#include "leash/task_filter.hpp"

#include "leash/channel.hpp"
#include "leash/snapshot.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

class TaskFilterTest : public testing::LoopFixture {
 protected:
  std::string names(const TaskFilter& filter) {
    std::string text;
    for (const TaskInfo& task : snapshot(loop, filter)) text += task.name + " ";
    return text;
  }
  static Task<> wait_in(Channel<int> ch) { (void)co_await ch.receive(); }
};

TEST_F(TaskFilterTest, EachConditionHasToBeMet) {
  Channel<int> ch;
  auto [ctx, cancel] = with_cancel(root());
  auto [kept, keep] = with_cancel(root());
  go(root(), wait_in(ch), "detached");
  go(kept, wait_in(ch), "owned");
  go(ctx, wait_in(ch), "leaked");
  cancel();
  advance(1s);
  go(ctx, wait_in(ch), "orphan");
  poll();

  EXPECT_EQ(names({}), "detached owned leaked orphan ");
  TaskFilter filter;
  filter.state = TaskState::detached;
  EXPECT_EQ(names(filter), "detached ");
  filter.state = TaskState::owned;
  EXPECT_EQ(names(filter), "owned ");
  filter.state = TaskState::leaked;
  EXPECT_EQ(names(filter), "leaked ");
  filter.state = TaskState::orphan;
  EXPECT_EQ(names(filter), "leaked orphan ");
  filter.min_age = 1s;
  EXPECT_EQ(names(filter), "leaked ");

  filter = {};
  filter.name = "ed";
  EXPECT_EQ(names(filter), "detached owned leaked ");
  filter.limit = 2;
  EXPECT_EQ(names(filter), "detached owned ");
  filter = {};
  filter.site = "task_filter_test.cpp:";
  EXPECT_EQ(names(filter), "detached owned leaked orphan ");
  filter.site = "elsewhere.cpp";
  EXPECT_EQ(names(filter), "");
  filter.site = "tests/*/task_filter_test.cpp:*";
  filter.name = "o*n?d";
  EXPECT_EQ(names(filter), "owned ");
  ch.close();
}

TEST(TaskState, RoundTripsThroughText) {
  for (const TaskState state :
       {TaskState::owned, TaskState::detached, TaskState::orphan, TaskState::leaked}) {
    EXPECT_EQ(parse_task_state(to_string(state)), state);
  }
  EXPECT_EQ(parse_task_state("lost"), std::nullopt);
}

}  // namespace
}  // namespace leash
