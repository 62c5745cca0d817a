// SPDX-License-Identifier: BSL-1.0
#include "leash/leak_check.hpp"

#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "tests/support/report_text.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_in(Channel<int> ch) { (void)co_await ch.receive(); }
Task<> wait_below(Channel<int> ch) { co_await wait_in(ch); }
Task<> wait_deep(Channel<int> ch, int frames) {
  if (frames > 1) {
    co_await wait_deep(ch, frames - 1);
  } else {
    (void)co_await ch.receive();
  }
}
Task<> nap(Duration time) { (void)co_await sleep(time); }
namespace vendor {
Task<> poll(Channel<int> ch) { (void)co_await ch.receive(); }
}  // namespace vendor
struct Number {
  using type = int;
};
void start_here(const Context& ctx, const Channel<int>& ch) { go(ctx, wait_in(ch), "started here"); }

// The cases of goleak's own suite have its names.
class LeakCheckTest : public ::testing::Test {
 protected:
  LeakCheckTest() { soon_.maximum_wait(20ms); }
  void TearDown() override {
    ch_.close();
    io_.restart();
    io_.poll();
  }
  Context root() const { return loop_.background(); }
  std::string report(const LeakOptions& options) {
    const auto leaks = find_leaks(loop_, options);
    return leaks ? support::without_metrics(leaks->text) : "";
  }

  asio::io_context io_{1};
  Loop loop_{io_};
  Channel<int> ch_;
  LeakOptions soon_;
};

TEST_F(LeakCheckTest, FindNone) { EXPECT_FALSE(find_leaks(loop_)); }

TEST_F(LeakCheckTest, FindNamesLeakAndIsCleanAfterItEnds) {
  expect_leaks();
  go(root(), nap(1h), "sleeper");
  const Cancelable blocked = with_cancel(root());
  go(blocked.ctx, wait_in(ch_), "blocked");
  const auto leaks = find_leaks(loop_, soon_);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->tasks, 2u);
  EXPECT_FALSE(leaks->deadlock) << "the sleeper wakes in an hour";
  EXPECT_EQ(support::without_metrics(leaks->text), R"(found 2 tasks that should have ended

task 1 [sleep, TIME] "sleeper" detached, BYTES of frames
    nap                  tests/leash/testing/leak_check_test.cpp:LINE
started at               tests/leash/testing/leak_check_test.cpp:LINE by LeakCheckTest_FindNamesLeakAndIsCleanAfterItEnds_Test::TestBody

task 2 [chan receive, TIME] "blocked" owned, BYTES of frames
    wait_in              tests/leash/testing/leak_check_test.cpp:LINE
started at               tests/leash/testing/leak_check_test.cpp:LINE by LeakCheckTest_FindNamesLeakAndIsCleanAfterItEnds_Test::TestBody
)");
  ch_.close();
  soon_.ignore_name("sleeper");
  EXPECT_FALSE(find_leaks(loop_, soon_));
}

TEST_F(LeakCheckTest, TaskEndingDuringRetriesIsNoLeak) {
  go(root(), nap(5ms));
  LeakOptions patient;
  patient.maximum_wait(Duration::max());
  EXPECT_FALSE(find_leaks(loop_, patient));
}

TEST_F(LeakCheckTest, TheWaitIsALimit) {
  expect_leaks();
  go(root(), nap(1h));
  LeakOptions at_once;
  at_once.maximum_wait(0s);
  EXPECT_TRUE(find_leaks(loop_, at_once));
}

TEST_F(LeakCheckTest, ADeadlockIsReportedAtOnce) {
  go(root(), wait_in(ch_), "stuck");
  LeakOptions patient;
  patient.maximum_wait(1h);
  const auto leaks = find_leaks(loop_, patient);
  ASSERT_TRUE(leaks);
  EXPECT_TRUE(leaks->deadlock);
  EXPECT_EQ(support::without_metrics(leaks->text), R"(deadlock: nothing can ever wake 1 task

task 1 [chan receive, TIME] "stuck" detached, BYTES of frames
    wait_in              tests/leash/testing/leak_check_test.cpp:LINE
started at               tests/leash/testing/leak_check_test.cpp:LINE by LeakCheckTest_ADeadlockIsReportedAtOnce_Test::TestBody
)");
}

TEST_F(LeakCheckTest, AStopOfTheIoContextMeanwhileIsNoDeadlock) {
  go(root(), wait_in(ch_));
  asio::steady_timer timer(io_, 10ms);  // which the loop does not know
  timer.async_wait([&](std::error_code) { ch_.close(); });
  asio::post(io_, [&] { io_.stop(); });
  LeakOptions patient;
  patient.maximum_wait(1h);
  EXPECT_FALSE(find_leaks(loop_, patient));
}

TEST_F(LeakCheckTest, AnOrphanWithinItsGraceIsADeadlockToo) {
  {
    auto [ctx, cancel] = with_cancel(root());
    go(ctx, wait_in(ch_));
    io_.poll();
  }
  LeakOptions patient;
  patient.maximum_wait(1h);
  const auto leaks = find_leaks(loop_, patient);
  ASSERT_TRUE(leaks);
  EXPECT_TRUE(leaks->deadlock);
}

TEST_F(LeakCheckTest, CleanupIsCalledWithTheStatus) {
  std::vector<int> seen;
  LeakOptions options;
  options.cleanup([&](int status) { seen.push_back(status); });
  (void)find_leaks(loop_, options);
  go(root(), wait_in(ch_));
  (void)find_leaks(loop_, options);
  EXPECT_EQ(seen, (std::vector<int>{0, 1}));
}

TEST_F(LeakCheckTest, IgnoreCurrentHidesTheOldAndCatchesTheNew) {
  go(root(), wait_in(ch_), "old");
  soon_.ignore_current(loop_);
  EXPECT_FALSE(find_leaks(loop_, soon_));
  go(root(), wait_in(ch_), "new");
  const auto leaks = find_leaks(loop_, soon_);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->tasks, 1u);
  EXPECT_EQ(support::without_metrics(leaks->text), R"(deadlock: nothing can ever wake 1 task

task 2 [chan receive, TIME] "new" detached, BYTES of frames
    wait_in              tests/leash/testing/leak_check_test.cpp:LINE
started at               tests/leash/testing/leak_check_test.cpp:LINE by LeakCheckTest_IgnoreCurrentHidesTheOldAndCatchesTheNew_Test::TestBody
)");
}

TEST_F(LeakCheckTest, IgnoreCurrentAppliesToOneLoop) {
  asio::io_context io{1};
  Loop other{io};
  go(other.background(), wait_in(ch_));
  soon_.ignore_current(other);
  go(root(), wait_in(ch_));
  EXPECT_FALSE(find_leaks(other, soon_));
  EXPECT_TRUE(find_leaks(loop_, soon_));
  ch_.close();
  io.restart();
  io.poll();
}

TEST_F(LeakCheckTest, IgnoreTopFunctionLooksAtTheInnermostFrameOnly) {
  go(root(), wait_below(ch_));
  io_.poll();
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_top_function("wait_in")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_top_function("wait_below")));
}

TEST_F(LeakCheckTest, IgnoreAnyFunctionChecksChainNotCreator) {
  start_here(root(), ch_);
  io_.poll();
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_any_function("start_here")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_any_function("wait_in")));
  go(root(), wait_below(ch_));
  io_.poll();
  EXPECT_FALSE(
      find_leaks(loop_, LeakOptions(soon_).ignore_any_function("wait_below").ignore_name("started here")));
}

TEST_F(LeakCheckTest, IgnoreBySiteByCreatorAndByName) {
  start_here(root(), ch_);
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_site("leak_check_test.cpp:")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_site("another_test.cpp:")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_started_by("start_here")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_started_by("wait_in")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_name("started here")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_name("started")));
}

// goleak's issues 37, 119, 127.
TEST_F(LeakCheckTest, IgnoreByPatternIsIgnoreByPackage) {
  go(root(), vendor::poll(ch_), "vendor 7");
  io_.poll();
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_top_function("*vendor::*")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_any_function("*vendor::p?ll")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_any_function("*other::*")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_site("tests/*/leak_check_test.cpp:*")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_site("tests/server/*")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_started_by("*IsIgnoreByPackage*")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_name("vendor ?")));
}

// goleak's issues 70, 131, 149.
TEST_F(LeakCheckTest, IgnoreByOwnerHidesTasksBelowContext) {
  const Cancelable request = with_cancel(root(), Label("request", 918));
  const Cancelable part = with_cancel(request.ctx, Label("part"));
  const Context value = with_value<Number>(part.ctx, 1);
  go(value, wait_in(ch_));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request 918")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request 9*")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request 7")));

  const Cancelable sibling = with_cancel(request.ctx);
  for (const Context& above : {root(), request.ctx, part.ctx, value}) {
    EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner(above)));
    EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).only_owner(above)));
  }
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_owner(sibling.ctx)));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).only_owner(sibling.ctx)));
}

TEST_F(LeakCheckTest, TasksUnderWithoutCancelStayBelowParent) {
  const Cancelable request = with_cancel(root());
  go(without_cancel(request.ctx), wait_in(ch_));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner(request.ctx)));
}

// goleak hides the testing framework's own goroutines: here it is the one that looks.
TEST_F(LeakCheckTest, SearchingTaskDoesNotFindItself) {
  bool found = true;
  const auto look = [](Loop* loop, bool* out) -> Task<> {
    *out = LeakOptions().finds_any(*loop);
    co_return;
  };
  go(root(), look(&loop_, &found));
  io_.poll();
  EXPECT_FALSE(found);
}

TEST_F(LeakCheckTest, AReportOver100TasksWithChains100DeepIsComplete) {
  for (int i = 1; i <= 100; ++i) go(root(), wait_deep(ch_, i));
  std::string expected = "deadlock: nothing can ever wake 100 tasks\n";
  for (int i = 1; i <= 100; ++i) {
    expected += "\ntask " + std::to_string(i) + " [chan receive, TIME] detached, BYTES of frames\n";
    for (int frame = 1; frame <= i; ++frame)
      expected += "    wait_deep            tests/leash/testing/leak_check_test.cpp:LINE\n";
    expected +=
        "started at               tests/leash/testing/leak_check_test.cpp:LINE by "
        "LeakCheckTest_AReportOver100TasksWithChains100DeepIsComplete_Test::TestBody\n";
  }
  EXPECT_EQ(report(soon_), expected);
}

TEST_F(LeakCheckTest, EqualTasksShareEntry) {
  for (int i = 1; i <= 100; ++i) go(root(), wait_in(ch_));
  EXPECT_EQ(report(soon_), R"(deadlock: nothing can ever wake 100 tasks

100 tasks like this one, the oldest; BYTES of frames
task 1 [chan receive, TIME] detached, BYTES of frames
    wait_in              tests/leash/testing/leak_check_test.cpp:LINE
started at               tests/leash/testing/leak_check_test.cpp:LINE by LeakCheckTest_EqualTasksShareEntry_Test::TestBody
)");
}

// goleak's issues 16, 83, 107.
TEST(LeakChecksOfSeveralThreads, DoNotBlameEachOther) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, leaks = t % 2 == 0] {
      for (int round = 0; round < 25; ++round) {
        asio::io_context io{1};
        Loop loop{io};
        Channel<int> ch;
        if (leaks) go(loop.background(), wait_in(ch));
        const auto found = find_leaks(loop);
        if (found.has_value() != leaks || (found && found->tasks != 1)) ++wrong;
        ch.close();
        io.restart();
        io.poll();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// --- loops that follow each other, tasks that are ready, wakers elsewhere ---

TEST(LeakCheckLoops, ALaterLoopIsAnotherWhereverItLies) {
  expect_leaks();
  LeakOptions options;
  options.maximum_wait(0s);
  alignas(Loop) static std::byte place[sizeof(Loop)];
  for (int i = 0; i < 20; ++i) {
    asio::io_context io{1};
    auto* const loop = new (place) Loop(io);
    for (int n = 0; n < 3; ++n) go(loop->background(), wait_in(Channel<int>()));
    io.poll();
    if (i == 0) options.ignore_current(*loop);
    EXPECT_EQ(find_leaks(*loop, options).has_value(), i > 0) << "loop " << i;
    loop->~Loop();
  }
}

TEST(LeakCheckLoops, AHookHearsOfTasksThatEndWithALoop) {
  expect_leaks();
  std::vector<std::string> heard;
  const auto leave_one = [] {
    asio::io_context io{1};
    const Loop loop{io, {.name = "left"}};
    start_here(loop.background(), Channel<int>());
    io.poll();
  };
  {
    const AbandonedHook hook(
        [&](const LoopBase& loop, const std::vector<TaskInfo>& tasks, const std::vector<ContextGroup>&) {
          for (const TaskInfo& task : tasks) heard.push_back(loop.name() + ": " + task.name);
        });
    leave_one();
    std::thread(leave_one).join();
  }
  leave_one();
  EXPECT_EQ(heard, (std::vector<std::string>{"left: started here", "left: started here"}));
}

TEST(LeakCheckLoops, OfTasksLeftOutOnlyTheirNumberIsIgnored) {
  expect_leaks();
  LeakCheck check;
  {
    asio::io_context io{1};
    Loop loop{io};
    const Channel<int> ch;
    start_here(loop.background(), ch);
    check.leave_out(loop);
    start_here(loop.background(), ch);
    io.poll();
  }
  const std::string found = check.find();
  EXPECT_NE(found.find("\ntask "), std::string::npos) << "one of the two: " << found;
}

TEST(LeakCheckLoops, ARestartIgnoresWhatWasLeftBefore) {
  expect_leaks();
  LeakCheck check({.maximum_wait = Duration::zero()});
  asio::io_context io{1};
  std::optional<Loop> loop(std::in_place, io);
  const Channel<int> ch;
  start_here(loop->background(), ch);
  EXPECT_NE(check.find(), "");
  check.restart();
  EXPECT_EQ(check.find(), "");
  start_here(loop->background(), ch);
  EXPECT_NE(check.find(), "");

  check.leave_out(*loop);
  check.restart();
  loop.reset();
  EXPECT_NE(check.find(), "") << "what was left out counts again";
  check.restart();
  EXPECT_EQ(check.find(), "");
}

TEST(LeakCheckLoops, LoopsOfOneNameAreToldApart) {
  asio::io_context first_io{1}, second_io{1};
  Loop first{first_io}, second{second_io};
  Channel<int> old_one, new_one;
  start_here(first.background(), old_one);
  first_io.poll();
  WatchOptions soon;
  soon.maximum_wait = 1ms;
  LeakCheck check(soon);
  old_one.close();
  first_io.restart();
  first_io.poll();
  start_here(second.background(), new_one);
  second_io.poll();
  EXPECT_EQ(
      support::without_metrics(check.find()),
      "tasks are alive in loops that still exist\n"
      "    1 in loop \"loop\", started at tests/leash/testing/leak_check_test.cpp:LINE by start_here\n");
  new_one.close();
  second_io.restart();
  second_io.poll();
  EXPECT_EQ(check.find(), "");
}

TEST_F(LeakCheckTest, ReadyTasksAreNoLeaksInsideTask) {
  std::optional<LeakReport> before, parked;
  const auto look = [](Loop* loop, std::optional<LeakReport>* out) -> Task<> {
    *out = find_leaks(*loop);
    co_return;
  };
  go(root(), look(&loop_, &before));
  go(root(), nap(0s), "ready");
  io_.poll();
  EXPECT_FALSE(before) << before->text;
  go(root(), wait_in(ch_), "parked");
  io_.restart();
  io_.poll();
  go(root(), look(&loop_, &parked));
  io_.restart();
  io_.poll();
  ASSERT_TRUE(parked);
  EXPECT_EQ(parked->tasks, 1u);
  EXPECT_FALSE(parked->deadlock) << "the task that looks may wake it";
}

TEST_F(LeakCheckTest, ACheckInsideTaskRunsNoHandler) {
  bool ran = false;
  std::optional<LeakReport> found;
  go(root(), wait_in(ch_), "parked");
  io_.poll();
  go(root(), [&]() -> Task<> {
    asio::post(io_, [&ran] { ran = true; });
    found = find_leaks(loop_);
    EXPECT_FALSE(ran);
    co_return;
  });
  io_.restart();
  io_.poll();
  EXPECT_TRUE(ran);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tasks, 1u);
}

TEST_F(LeakCheckTest, ATaskThatEndsWhileADeadlockIsLookedForIsNoLeak) {
  go(root(), wait_in(ch_), "ignored");
  Channel<int> other;
  go(root(), wait_in(other));
  io_.poll();
  asio::post(io_, [other] { (void)other.try_send(1); });
  const auto leaks = find_leaks(loop_, LeakOptions().ignore_name("ignored"));
  EXPECT_FALSE(leaks) << leaks->text;
}

TEST_F(LeakCheckTest, ADeadlockIsReportedAlsoWithReaper) {
  LoopOptions options;
  options.reap_after = 1h;  // only leaked tasks are reaped
  Loop loop{io_, std::move(options)};
  go(loop.background(), wait_in(ch_));
  io_.poll();
  const auto leaks = find_leaks(loop, soon_);
  ASSERT_TRUE(leaks);
  EXPECT_TRUE(leaks->deadlock);
  ch_.close();
  io_.restart();
  io_.poll();
}

TEST_F(LeakCheckTest, ALiveRemoteCancelCanStillWakeATask) {
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, [](Context c) -> Task<> { co_await c.done(); }(ctx));
  std::atomic<bool> looked{false};
  LeakOptions patient;
  patient.maximum_wait(1h);
  asio::post(io_, [&] { looked = true; });
  std::thread other([remote = cancel.remote(), &looked] {
    while (!looked) std::this_thread::yield();
    remote();
  });
  EXPECT_FALSE(find_leaks(loop_, patient));
  other.join();
}

TEST(LeakCheckElsewhere, ChecksLoopsOfOtherThreads) {
  constexpr int loops = 3;
  std::vector<std::unique_ptr<asio::io_context>> ios;
  std::vector<std::unique_ptr<Loop>> all;
  std::vector<std::thread> threads;
  for (int i = 0; i < loops; ++i) {
    ios.push_back(std::make_unique<asio::io_context>(1));
    all.push_back(std::make_unique<Loop>(*ios.back()));
    threads.emplace_back([io = ios.back().get()] {
      const auto work = asio::make_work_guard(*io);
      io->run();
    });
  }
  asio::post(*ios[1], [loop = all[1].get()] { go(loop->background(), nap(1h), "left"); });
  LeakOptions soon;
  soon.maximum_wait(50ms);
  EXPECT_FALSE(find_leaks_elsewhere(*all[0], soon)) << "no loop is blamed for another";
  EXPECT_FALSE(find_leaks_elsewhere(*all[2], soon));
  const auto leaks = find_leaks_elsewhere(*all[1], soon);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(support::without_metrics(leaks->text), R"(found 1 task that should have ended

task 1 [sleep, TIME] "left" detached, BYTES of frames
    nap                  tests/leash/testing/leak_check_test.cpp:LINE
started at               tests/leash/testing/leak_check_test.cpp:LINE by LeakCheckElsewhere_ChecksLoopsOfOtherThreads_Test::TestBody
)");
  for (auto& io : ios) io->stop();
  for (auto& thread : threads) thread.join();
  expect_leaks();
}

TEST(LeakCheckElsewhere, ReportsUnresponsiveLoop) {
  asio::io_context io{1};
  Loop loop{io, {.name = "stuck"}};
  LeakOptions soon;
  soon.maximum_wait(1ms);
  const auto leaks = find_leaks_elsewhere(loop, soon);  // nobody runs it
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->text, "loop \"stuck\" does not answer\n");
}

TEST(LeakCheckElsewhere, SkipsAbandonedCheck) {
  asio::io_context io{1};
  std::optional<Loop> loop(io);
  int answers = 0;
  LeakOptions soon;
  soon.maximum_wait(1ms).cleanup([&](int) { ++answers; });
  EXPECT_TRUE(find_leaks_elsewhere(*loop, soon));
  loop.reset();
  io.restart();
  EXPECT_EQ(io.poll(), 1u) << "the look, of a loop that is gone";
  EXPECT_EQ(answers, 1);
}

}  // namespace
}  // namespace leash
