// SPDX-License-Identifier: BSL-1.0
// Memory that is not there where nobody could be told so by an exception: the loop goes on.
// A program of its own, because it replaces operator new.

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>

#include "leash/detail/timer_queue.hpp"
#include "leash/sleep.hpp"
#include "leash/ticker.hpp"
#include "tests/support/failing_new.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> nap(Context ctx, Duration time) { (void)co_await sleep(ctx, time); }

// Each of these steps posts the next one, and arms the timer for an earlier time.
TEST(NoMemory, TasksAreResumedAndTimersFire) {
  asio::io_context io{1};
  Loop loop{io, {.turn_budget = 1}};
  const auto start = [&] {
    for (int i = 0; i < 10; ++i) go(loop.background(), nap(loop.background(), 10ms - i * 1ms), "nap");
  };
  start();
  io.run();  // what grows has grown
  io.restart();
  start();
  bool failed = false;
  while (live_tasks(loop) > 0) {
    support::fail_allocation(0);
    io.run_one();
    failed = support::stop_failing() || failed;
  }
  EXPECT_FALSE(failed) << "an allocation where nobody could handle its failure";
}

// All wait for the same tick: those that do not get it wait for the next one in the places that they had.
TEST(NoMemory, TasksSharingTickerWaitForNextTick) {
  struct Shared {
    std::optional<Ticker> ticker;
    int ticks = 0;
    bool again = true;
  };
  for (int waiting = 2; waiting < 20; ++waiting) {
    asio::io_context io{1};
    ManualClock clock;
    Loop loop{io, {.clock = &clock, .grace = 1h}};
    Shared shared;
    auto [owner, end] = with_cancel(loop.background());
    auto [ctx, cancel] = with_cancel(loop.background());
    const auto wait = [](Context c, Shared* all) -> Task<> {
      if (!all->ticker) all->ticker.emplace(1s);
      while (co_await all->ticker->next(c)) {
        ++all->ticks;
        if (!all->again) co_return;
      }
    };
    const auto run = [&io] {
      io.restart();
      io.poll();
    };
    for (int i = 0; i < waiting; ++i) go(ctx, wait(ctx, &shared), "waiter");
    go(
        owner, [](Context c) -> Task<> { co_await c.done(); }(ctx), "orphan");
    run();
    for (int i = 0; i < waiting / 2; ++i) {  // now the timers are not in the order in which the tasks wait
      clock.advance(1s);
      run();
    }
    end();  // now there is a timer of the loop's own, for the grace
    run();
    shared.again = false;
    shared.ticks = 0;
    for (int i = 1; i <= 2; ++i) {
      clock.advance(1s);
      support::fail_allocation(0);
      run();
      EXPECT_FALSE(support::stop_failing()) << waiting;
      EXPECT_EQ(shared.ticks, i) << waiting;
    }
    cancel();
    run();
  }
}

// Whatever the number of timers, there is room for that of the grace.
TEST(NoMemory, OrphansAreFound) {
  for (int timers = 0; timers < 20; ++timers) {
    asio::io_context io{1};
    Loop loop{io, {.grace = 1ms, .reap_after = 2ms}};
    auto [sleepers, wake] = with_cancel(loop.background());
    auto [ctx, cancel] = with_cancel(loop.background());
    for (int i = 0; i < timers; ++i) {
      go(
          sleepers, [](Context c) -> Task<> { (void)co_await sleep(c, 1h); }(sleepers), "sleeper");
    }
    go(
        ctx, [](Context c) -> Task<> { co_await c.done(); }(without_cancel(ctx)), "forgotten");
    io.poll();
    io.restart();  // without a timer it had no work
    support::fail_allocation(0);
    cancel();
    while (live_tasks(loop) > static_cast<std::size_t>(timers)) io.run_one();  // it is reaped
    // Asio's queue has to grow for the loop's first timer; it is armed a turn later.
    EXPECT_EQ(support::stop_failing(), timers == 0) << "with " << timers << " timers";
    wake();
    io.restart();
    io.run();
  }
}

TEST(NoMemory, CountsAndReportsIndescribableException) {
  asio::io_context io{1};
  Loop loop{io};
  go(
      loop.background(),
      [](Context) -> Task<> {
        support::fail_allocation(0);
        throw 42;
        co_return;
      }(loop.background()),
      "thrower");
  ::testing::internal::CaptureStderr();
  io.run();
  const bool failed = support::stop_failing();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(failed);
  EXPECT_NE(said.find("no memory to describe it"), std::string::npos) << said;
  EXPECT_EQ(loop.metrics()->exceptions.get(), 1u);
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST(NoMemory, LoopEndsWithoutNamingItsTasks) {
  asio::io_context io{1};
  bool told = false;
  std::optional<Loop> loop;
  loop.emplace(io, LoopOptions{.name = "x", .on_abandoned = [&](const auto&) { told = true; }});
  go(loop->background(), nap(loop->background(), 1h), "sleeper");
  io.poll();
  ::testing::internal::CaptureStderr();
  support::fail_allocation(0);
  loop.reset();
  const bool failed = support::stop_failing();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(failed);
  EXPECT_FALSE(told);
  EXPECT_EQ(said, "leash: no memory to name the tasks that end with loop \"x\"\n");
}

TEST(NoMemory, TimerQueueUnableToShrinkStaysIntact) {
  TimerQueue queue;
  std::deque<Timer> timers;
  for (int i = 0; i < 10'000; ++i) {
    timers.emplace_back([](Timer&) noexcept {});
    queue.add(timers.back(), TimePoint(std::chrono::seconds(i)));
  }
  bool failed = false;
  for (int i = 0; i < 9'999; ++i) {
    support::fail_allocation(0);
    queue.remove(timers[static_cast<std::size_t>(i)]);
    failed = support::stop_failing() || failed;
  }
  EXPECT_TRUE(failed) << "it never tried to shrink";
  EXPECT_EQ(queue.earliest(), TimePoint(9'999s));
  EXPECT_EQ(queue.pop_due(TimePoint(9'999s)), &timers.back());
}

}  // namespace
}  // namespace leash
