// SPDX-License-Identifier: BSL-1.0
// Tasks that await coroutines, coroutines that await tasks, and contexts that own coroutines.
#include "leash/awaitable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <string>
#include <thread>
#include <vector>

#include "leash/channel.hpp"
#include "leash/coroutines.hpp"
#include "leash/dump.hpp"
#include "leash/json.hpp"
#include "leash/leak_check.hpp"
#include "leash/scope.hpp"
#include "leash/snapshot.hpp"
#include "leash/tree.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using asio::awaitable;
using asio::detached;
using asio::use_awaitable;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr auto never = asio::steady_timer::time_point::max();

awaitable<void> inner_wait(asio::steady_timer& timer) { co_await timer.async_wait(use_awaitable); }
awaitable<void> outer_wait(asio::steady_timer& timer) { co_await inner_wait(timer); }
Task<> call_coroutine(Context ctx, asio::steady_timer& timer) {
  auto ended = co_await await(ctx, outer_wait(timer));
  (void)ended;
}

Task<> receive_one(Context ctx, Channel<int> from) { (void)co_await from.receive(ctx); }
awaitable<void> call_task(Context ctx, Channel<int> from) {
  const auto receive = [from](Context own) { return receive_one(own, from); };
  co_await as_awaitable(ctx, receive);
}
Task<> call_through_coroutine(Context ctx, Channel<int> from) {
  auto ended = co_await await(ctx, call_task(ctx, from));
  (void)ended;
}

std::vector<std::string> functions(const TaskInfo& task) {
  std::vector<std::string> names;
  for (const Frame& frame : task.frames)
    names.push_back(frame.function.substr(frame.function.rfind(':') + 1));
  return names;
}

class MixedChainTest : public leash::testing::LoopFixture {
 protected:
  std::vector<CoroutineInfo> coroutines_here() {
    CoroutineFilter filter;
    filter.context = &io;
    return coroutines(filter);
  }
  void wait_until_over() {
    EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0 && coroutines_here().empty(); }));
  }
};

TEST_F(MixedChainTest, TaskShowsAwaitedCoroutine) {
  asio::steady_timer timer(io, never);
  auto [ctx, cancel] = with_cancel(root(), Label("request", 7));
  go(ctx, call_coroutine(ctx, timer), "caller");
  poll();
  const auto tasks = snapshot(loop);
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_THAT(functions(tasks[0]), ElementsAre("inner_wait", "outer_wait", "call_coroutine"));
  for (const Frame& frame : tasks[0].frames) EXPECT_THAT(frame.file, HasSubstr("mixed_chain_test.cpp"));
  EXPECT_EQ(tasks[0].wait, WaitKind::timer);
  EXPECT_THAT(to_text(take_dump(loop)), AllOf(HasSubstr("inner_wait"), HasSubstr("call_coroutine")));
  const auto json = to_json(take_dump(loop));
  EXPECT_EQ(json["tasks"][0]["example"]["frames"].size(), 3u);
  EXPECT_EQ(json["tasks"][0]["wait"], "timer");
  EXPECT_THAT(
      to_text(tree_of_process()),
      ContainsRegex("task [0-9]+ \"caller\" .*\n +coroutine [0-9]+ \"[^\"]*outer_wait\" \\[timer, .*waits at "
                    "[^ ]*mixed_chain_test.cpp"));

  const auto all = coroutines_here();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].awaited_by, tasks[0].id);
  EXPECT_EQ(all[0].state, CoroutineState::owned);
  EXPECT_THAT(to_text(all[0]), AllOf(HasSubstr("owned by request 7"), HasSubstr("awaited by"),
                                     HasSubstr("task " + std::to_string(tasks[0].id))));
  cancel();
  wait_until_over();
}

TEST_F(MixedChainTest, GoAndScopeShowFramesOfTheUser) {
  asio::steady_timer timer(io, never);
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, outer_wait(timer));
  go(ctx, adopt(ctx, outer_wait(timer)));
  go(ctx, [&timer](Context) { return outer_wait(timer); });
  Scope s(ctx);
  s.go(outer_wait(timer));
  poll();
  const auto tasks = snapshot(loop);
  ASSERT_THAT(tasks, SizeIs(4));
  for (const TaskInfo& task : tasks) {
    EXPECT_THAT(functions(task), ElementsAre("inner_wait", "outer_wait")) << to_text(task);
  }
  cancel();
  wait_until_over();
}

TEST_F(MixedChainTest, CoroutineNamesAwaitedTask) {
  auto [ctx, cancel] = with_cancel(root());
  const Channel<int> channel;
  asio::co_spawn(io, call_task(ctx, channel), detached);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 1 && coroutines_here()[0].awaits_task != 0; }));
  const auto tasks = snapshot(loop);
  const auto all = coroutines_here();
  ASSERT_THAT(tasks, SizeIs(1));
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].wait, WaitKind::task);
  EXPECT_EQ(all[0].awaits_task, tasks[0].id);
  EXPECT_EQ(tasks[0].awaited_by, all[0].id);
  EXPECT_THAT(functions(tasks[0]), ElementsAre("receive_one"));
  EXPECT_THAT(to_text(all[0]), AllOf(HasSubstr("awaits"), HasSubstr("task " + std::to_string(tasks[0].id)),
                                     HasSubstr("call_task")));
  const std::string coroutine = "coroutine " + std::to_string(all[0].id);
  EXPECT_THAT(to_text(tasks[0]), HasSubstr(coroutine));
  EXPECT_THAT(to_text(tree_of_process()), HasSubstr("awaited by " + coroutine));
  cancel();
  wait_until_over();
}

TEST_F(MixedChainTest, GoesThroughCoroutineToTaskBelow) {
  auto [ctx, cancel] = with_cancel(root());
  const Channel<int> channel;
  go(ctx, call_through_coroutine(ctx, channel), "outermost");
  EXPECT_TRUE(eventually([&] {
    const auto tasks = snapshot(loop);
    return tasks.size() == 2 && functions(tasks[0]).size() == 3;
  }));
  const auto tasks = snapshot(loop);
  EXPECT_THAT(functions(tasks[0]), ElementsAre("receive_one", "call_task", "call_through_coroutine"));
  EXPECT_EQ(tasks[0].wait, WaitKind::chan_receive);
  cancel();
  wait_until_over();
}

TEST_F(MixedChainTest, LeakCheckReportsChainOnce) {
  expect_leaks();
  WatchOptions options;
  options.maximum_wait = 1ms;
  LeakCheck check(options);
  asio::steady_timer timer(io, never);
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, call_coroutine(ctx, timer));
  poll();
  const std::string text = check.find();
  EXPECT_THAT(text, AllOf(HasSubstr("tasks are alive"), HasSubstr("inner_wait"), HasSubstr("awaited by"),
                          Not(HasSubstr("coroutines are alive"))));
  WatchOptions ignoring = options;
  ignoring.ignore_sites = {"mixed_chain_test.cpp"};
  check.restart();
  EXPECT_THAT(check.find(), IsEmpty()) << "what the task awaits is part of it";
  LeakOptions by_function;
  by_function.maximum_wait(1ms).ignore_top_function("*inner_wait");
  EXPECT_FALSE(find_leaks(loop, by_function));
  cancel();
  wait_until_over();

  check.restart();
  auto [again, cancel_again] = with_cancel(root());
  const Channel<int> channel;
  asio::co_spawn(io, call_task(again, channel), detached);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 1 && coroutines_here()[0].awaits_task != 0; }));
  EXPECT_THAT(check.find(), AllOf(HasSubstr("coroutines are alive"), HasSubstr("call_task"),
                                  HasSubstr("awaits"), Not(HasSubstr("tasks are alive"))));
  cancel_again();
  wait_until_over();
}

TEST_F(MixedChainTest, ContextOwnsCoroutine) {
  asio::steady_timer timer(io, never);
  auto [ctx, cancel] = with_cancel(root(), Label("conn", 17));
  std::exception_ptr ended;
  leash::co_spawn(ctx, io, outer_wait(timer), [&](std::exception_ptr e) { ended = std::move(e); });
  poll();
  ASSERT_THAT(coroutines_here(), SizeIs(1));
  EXPECT_THAT(to_text(coroutines_here()[0]), HasSubstr("owned by conn 17"));
  cancel();
  poll();
  EXPECT_TRUE(ended) << "by operation_aborted";
  EXPECT_THAT(coroutines_here(), IsEmpty());

  ended = nullptr;
  leash::co_spawn(ctx, io.get_executor(), outer_wait(timer),
                  [&](std::exception_ptr e) { ended = std::move(e); });
  poll();
  EXPECT_TRUE(ended) << "the context was done before";
}

TEST_F(MixedChainTest, ObservedContextGivesVerdictAlone) {
  asio::steady_timer timer(io, never);
  auto [ctx, cancel] = with_cancel(root(), Label("conn", 17));
  leash::co_spawn(observe(ctx), io, outer_wait(timer), detached);
  poll();
  cancel(errc::disconnected);
  poll();
  ASSERT_THAT(coroutines_here(), SizeIs(1));
  EXPECT_EQ(coroutines_here()[0].state, CoroutineState::orphan);
  EXPECT_THAT(to_text(coroutines_here()[0]),
              AllOf(HasSubstr("conn 17 ended"), HasSubstr(make_error_code(errc::disconnected).message())));
  while (coroutines_here()[0].state != CoroutineState::leaked) std::this_thread::yield();  // after the grace
  timer.cancel();
  wait_until_over();
}

TEST_F(MixedChainTest, BackgroundContextOwnsDetachedCoroutine) {
  expect_exceptions();  // the timer is canceled, but not the context
  asio::steady_timer timer(io, never);
  leash::co_spawn(root(), asio::make_strand(io), outer_wait(timer), detached);
  go(root(), outer_wait(timer));
  poll();
  ASSERT_THAT(coroutines_here(), SizeIs(2));
  for (const auto& each : coroutines_here()) EXPECT_EQ(each.state, CoroutineState::detached);
  timer.cancel();
  wait_until_over();
}

TEST(ContextOwnerTest, CoroutineMayOutliveLoop) {
  expect_leaks();
  asio::io_context io{1};
  asio::steady_timer timer(io, never);
  CoroutineFilter filter;
  filter.context = &io;
  {
    Loop loop(io);
    const auto [ctx, cancel] = with_cancel(loop.background(), Label("conn", 17));
    leash::co_spawn(observe(ctx), io, outer_wait(timer), detached);
    leash::co_spawn(ctx, io, outer_wait(timer), detached);
    io.poll();
    EXPECT_THAT(coroutines(filter), SizeIs(2));
  }
  for (const CoroutineInfo& each : coroutines(filter)) EXPECT_EQ(each.state, CoroutineState::orphan);
  io.restart();
  io.poll();
  EXPECT_THAT(coroutines(filter), SizeIs(1)) << "the other one was canceled";
}

TEST(ContextOwnerTest, RefusesExecutorOfAnotherContext) {
  asio::io_context io{1};
  asio::io_context other{1};
  Loop loop(io);
  asio::steady_timer timer(other, never);
  EXPECT_DEATH(leash::co_spawn(loop.background(), other, outer_wait(timer), detached), "another io_context");
}

}  // namespace
}  // namespace leash
