// SPDX-License-Identifier: BSL-1.0
// Memory runs out where no exception can report it: the loop continues. A separate program, because it replaces
// operator new.

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <new>
#include <optional>
#include <string>
#include <thread>

#include "leash/channel.hpp"
#include "leash/detail/thread_mark.hpp"
#include "leash/detail/timer_queue.hpp"
#include "leash/remote_channel.hpp"
#include "leash/scope.hpp"
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
  io.run();  // all containers have grown
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

TEST(NoMemory, TheFirstTurnOnTheThreadOfALoopNeedsNone) {
  std::thread([] {
    asio::io_context io{1};
    const Loop loop{io};
    support::fail_allocation(0);
    EXPECT_NO_THROW((void)detail::thread_mark());
    EXPECT_FALSE(support::stop_failing());
  }).join();
}

// All wait for the same tick. Tasks that do not get it wait for the next one in their old places.
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
    end();  // now the loop has a timer of its own, for the grace
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

struct Large {
  int number = 0;
  std::array<char, 1000> rest{};  // a queue allocates for each of them
};
Large large(int number) {
  Large made;
  made.number = number;
  return made;
}

TEST(NoMemory, AReceiveThatThrowsLosesNoValue) {
  asio::io_context io{1};
  Loop loop{io};
  const Channel<Large> channel(1);
  EXPECT_TRUE(channel.try_send(large(1)));
  go(loop.background(), [](Channel<Large> to) -> Task<> {
    const Large second = large(2);
    (void)co_await to.send(second);
  }(channel));
  io.poll();
  support::fail_allocation(0);
  EXPECT_THROW((void)channel.try_receive(), std::bad_alloc);
  (void)support::stop_failing();
  EXPECT_EQ(channel.try_receive().value().value().number, 1);
  EXPECT_EQ(channel.try_receive().value().value().number, 2);
  io.restart();
  io.poll();
  EXPECT_EQ(live_tasks(loop), 0u);
}

// Gives a value to a waiting task, and destroys the task while there is no memory to keep the value.
template <class Receiver, class Send>
void lose_one(asio::io_context& io, const Loop& loop, const Receiver& channel, const Send& send) {
  std::optional<Scope> scope(loop.background());
  scope->go([](Receiver from) -> Task<> { (void)co_await from.receive(); }(channel));
  io.restart();
  io.poll();
  send();
  ::testing::internal::CaptureStderr();
  support::fail_allocation(0);
  scope.reset();
  EXPECT_TRUE(support::stop_failing());
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("a value of a channel is lost"), std::string::npos);
}

TEST(NoMemory, AValueThatCannotBeKeptIsReported) {
  asio::io_context io{1};
  ManualClock clock;  // so that no timer of Asio needs memory
  Loop loop{io, {.clock = &clock}};
  const Channel<int> near;
  lose_one(io, loop, near, [&] { EXPECT_TRUE(near.try_send(1)); });
  const RemoteChannel<int> remote(loop, 1);
  const RemoteSender<int> sender = remote.sender();
  lose_one(io, loop, remote, [&] {
    EXPECT_TRUE(sender.try_send(1));
    io.restart();
    io.poll_one();  // hands it over; the next handler would resume the task
  });
  EXPECT_FALSE(remote.try_receive());
}

// For any number of timers, there is room for the timer of the grace.
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
  EXPECT_EQ(said, "leash: no memory to name what ends with loop \"x\"\n");
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
