// SPDX-License-Identifier: BSL-1.0
#include "leash/ticker.hpp"

#include <string>
#include <vector>

#include "leash/done.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

class TickerTest : public testing::LoopFixture {
 public:
  TimePoint begin = clock.now();
  std::vector<int> seconds;
  std::string tasks;

  void start_ticking(int ticks) {
    start(
        [](Context, int n, TickerTest* test) -> Task<> {
          Ticker ticker(1s);
          for (int i = 0; i < n; ++i) {
            co_await ticker.next();
            test->note();
          }
        },
        ticks, this);
  }
  static Task<> tick(Context ctx, Ticker& ticker, TickerTest* test, int task) {
    for (;;) {
      const Result<> ticked = co_await ticker.next(ctx);
      if (!ticked) co_return;
      test->note();
      test->tasks += std::to_string(task);
    }
  }
  void note() {
    seconds.push_back(
        static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(clock.now() - begin).count()));
  }
};

TEST_F(TickerTest, GivesEachSharedTickToLongestWaitingTask) {
  Scope* scope = nullptr;
  start(
      [](Context ctx, TickerTest* test, Scope** all) -> Task<> {
        Ticker shared(1s);
        Scope s(ctx);
        *all = &s;
        for (int i = 0; i < 3; ++i) s.go(tick(s.ctx(), shared, test, i));
        (void)co_await s.join();
      },
      this, &scope);
  for (int i = 0; i < 7; ++i) advance(1s);
  EXPECT_EQ(seconds, (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(tasks, "0120120");
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 3u);
  scope->cancel();
  poll();
}

TEST_F(TickerTest, KeepsToItsGrid) {
  start_ticking(3);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u);
  advance(999ms);
  EXPECT_TRUE(seconds.empty());
  advance(301ms);  // late by 300 ms: the next one is not
  advance(700ms);
  advance(1s);
  EXPECT_EQ(seconds, (std::vector<int>{1, 2, 3}));
}

TEST_F(TickerTest, SlowTaskGetsOneMissedTick) {
  start(
      [](Context, TickerTest* test) -> Task<> {
        Ticker ticker(1s);
        co_await ticker.next();
        test->note();
        co_await sleep(3500ms);  // ticks 2, 3 and 4 pass
        co_await ticker.next();
        test->note();
        co_await ticker.next();
        test->note();
      },
      this);
  for (int i = 0; i < 60; ++i) advance(100ms);
  EXPECT_EQ(seconds, (std::vector<int>{1, 4, 5}));
}

TEST_F(TickerTest, KeepsTickOvertakenByAnotherCase) {
  DoneSource done;
  int index = -1;
  start(
      [](Context, Done first, TickerTest* test, int* out) -> Task<> {
        Ticker ticker(1s);
        (void)co_await select(ticker.next(), first.wait());  // done comes first
        co_await sleep(1500ms);                              // the tick comes meanwhile
        auto r = co_await select(ticker.next(), sleep(1h));
        *out = static_cast<int>(r.index());
        test->note();
      },
      done.done(), this, &index);
  done.close();
  for (int i = 0; i < 20; ++i) advance(100ms);
  EXPECT_EQ(index, 0);
  EXPECT_EQ(seconds, std::vector<int>{1}) << "at once, at 1.5 s";
}

TEST_F(TickerTest, EndsWithItsContext) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx,
      [](Context c, TickerTest* test) -> Task<> {
        Ticker ticker(1s);
        while (co_await ticker.next(c)) test->note();
      },
      this);
  advance(1s);
  advance(1s);
  cancel();
  poll();
  EXPECT_EQ(seconds, (std::vector<int>{1, 2}));
}

TEST_F(TickerTest, AnIntervalMayBeVeryLong) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(ctx, [](Context c) -> Task<> {
    Ticker ticker(Duration::max());
    (void)co_await ticker.next(c);
  });
  advance(1000h);
  cancel();
}

TEST_F(TickerTest, AnIntervalOfZeroAborts) {
  EXPECT_DEATH(start([](Context) -> Task<> {
                 const Ticker ticker(0s);
                 co_return;
               }),
               "interval of zero or less");
}

TEST(TickerDeathTest, OutsideOfATaskAborts) { EXPECT_DEATH(Ticker(1s), "made outside of a task"); }

}  // namespace
}  // namespace leash
