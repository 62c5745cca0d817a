#include "leash/leak_check.hpp"

#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"

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

  asio::io_context io_{1};
  Loop loop_{io_};
  Channel<int> ch_;
  LeakOptions soon_;
};

TEST_F(LeakCheckTest, FindNone) { EXPECT_FALSE(find_leaks(loop_)); }

TEST_F(LeakCheckTest, FindALeakThatNamesFunctionStateAndCreatorAndIsCleanAfterItIsUnblocked) {
  expect_leaks();
  go(root(), nap(1h), "sleeper");
  const Cancelable blocked = with_cancel(root());
  go(blocked.ctx, wait_in(ch_), "blocked");
  const auto leaks = find_leaks(loop_, soon_);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->tasks, 2u);
  EXPECT_FALSE(leaks->deadlock) << "the sleeper wakes in an hour";
  EXPECT_TRUE(leaks->text.starts_with("found 2 tasks that should have ended\n\n")) << leaks->text;
  EXPECT_NE(leaks->text.find("[chan receive"), std::string::npos) << leaks->text;
  EXPECT_NE(leaks->text.find("    wait_in "), std::string::npos) << leaks->text;
  EXPECT_NE(leaks->text.find("\nstarted at               tests/leash/leak_check_test.cpp:"),
            std::string::npos)
      << leaks->text;
  ch_.close();
  soon_.ignore_name("sleeper");
  EXPECT_FALSE(find_leaks(loop_, soon_));
}

TEST_F(LeakCheckTest, ATaskThatEndsDuringTheRetriesIsNoLeak) {
  go(root(), nap(5ms));
  LeakOptions patient;
  patient.maximum_wait(10s);
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
  EXPECT_TRUE(leaks->text.starts_with("deadlock: nothing can ever wake 1 task\n")) << leaks->text;
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
  EXPECT_NE(leaks->text.find("\"new\""), std::string::npos);
}

TEST_F(LeakCheckTest, IgnoreCurrentOfOneLoopHidesNothingOfAnother) {
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

TEST_F(LeakCheckTest, IgnoreAnyFunctionLooksAtTheWholeChainAndNotAtTheCreator) {
  start_here(root(), ch_);
  io_.poll();
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_any_function("start_here")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_any_function("wait_in")));
  go(root(), wait_below(ch_));
  io_.poll();
  EXPECT_FALSE(
      find_leaks(loop_, LeakOptions(soon_).ignore_any_function("wait_below").ignore_name("started here")));
}

TEST_F(LeakCheckTest, IgnoreBySiteAndByName) {
  go(root(), wait_in(ch_), "worker");
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_site("leak_check_test.cpp:")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_name("worker")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_name("work")));
}

TEST_F(LeakCheckTest, IgnoreByOwnerHidesWhatIsBelowAContext) {
  const Cancelable request = with_cancel(root(), Label("request", 918));
  const Cancelable part = with_cancel(request.ctx, Label("part"));
  go(part.ctx, wait_in(ch_));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request")));
  EXPECT_FALSE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request 918")));
  EXPECT_TRUE(find_leaks(loop_, LeakOptions(soon_).ignore_owner("request 7")));
}

TEST_F(LeakCheckTest, AReportOver100TasksWithChains100DeepIsComplete) {
  for (int i = 1; i <= 100; ++i) go(root(), wait_deep(ch_, i));
  const auto leaks = find_leaks(loop_, soon_);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->tasks, 100u);
  std::size_t frames = 0;
  for (std::size_t at = 0; (at = leaks->text.find("\n    wait_deep ", at)) != std::string::npos; ++at)
    ++frames;
  EXPECT_EQ(frames, 5050u) << "1 + 2 + ... + 100";
}

TEST(LeakCheckElsewhere, LooksAtLoopsThatOtherThreadsRun) {
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
  EXPECT_NE(leaks->text.find("\"left\""), std::string::npos) << leaks->text;
  for (auto& io : ios) io->stop();
  for (auto& thread : threads) thread.join();
  expect_leaks();
}

TEST(LeakCheckElsewhere, ALoopThatDoesNotAnswerIsAReport) {
  asio::io_context io{1};
  Loop loop{io, {.name = "stuck"}};
  LeakOptions soon;
  soon.maximum_wait(1ms);
  const auto leaks = find_leaks_elsewhere(loop, soon);  // nobody runs it
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->text, "loop \"stuck\" does not answer\n");
}

}  // namespace
}  // namespace leash
