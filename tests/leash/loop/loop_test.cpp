// SPDX-License-Identifier: BSL-1.0
#include "leash/loop.hpp"

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "leash/after_func.hpp"
#include "leash/channel.hpp"
#include "leash/done.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"
#include "tests/support/mark.hpp"

// Counts how often this thread set a system timer. Asio's calls are counted here, and those of loops on other
// threads, too.
static thread_local int timers_set = 0;
extern "C" int timerfd_settime(int descriptor, int flags, const itimerspec* wanted,
                               itimerspec* before) noexcept {
  ++timers_set;
  return static_cast<int>(::syscall(SYS_timerfd_settime, descriptor, flags, wanted, before));
}

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<Loop> && !std::is_move_constructible_v<Loop>);

using LoopTest = testing::LoopFixture;

Task<> inner(std::string* text, const char* name, Channel<int> ch) {
  const testing::Mark mark(text, name);
  (void)co_await ch.receive();
}
Task<> outer(std::string* text, const char* name, const char* inner_name, Channel<int> ch) {
  const testing::Mark mark(text, name);
  co_await inner(text, inner_name, ch);
}

TEST(LoopEnd, DestroysNewestTaskAndInnermostFrameFirst) {
  expect_leaks();
  std::string text;
  std::vector<TaskInfo> abandoned;
  asio::io_context io{1};
  {
    Loop loop{io, {.on_abandoned = [&](const std::vector<TaskInfo>& tasks) { abandoned = tasks; }}};
    Channel<int> ch;
    go(loop.background(), outer(&text, "1", "i", ch), "old");
    go(loop.background(), outer(&text, "2", "j", ch), "new");
    io.poll();
  }
  EXPECT_EQ(text, "j2i1");
  ASSERT_EQ(abandoned.size(), 2u);
  EXPECT_EQ(abandoned[0].name, "old");
  EXPECT_EQ(abandoned[0].frames.size(), 2u);
  EXPECT_EQ(abandoned[1].wait, WaitKind::chan_receive);
}

TEST(LoopEnd, CallsNoHookWithoutTasks) {
  asio::io_context io{1};
  bool called = false;
  {
    Loop loop{io, {.on_abandoned = [&](const auto&) { called = true; }}};
    go(loop.background(), []() -> Task<> { co_return; }());
    (void)loop.run();
  }
  EXPECT_FALSE(called);
}

TEST(LoopEnd, DestroysUnstartedTasksAndTasksInScopes) {
  expect_leaks();
  std::string text;
  asio::io_context io{1};
  {
    Loop loop{io};
    Channel<int> ch;
    go(loop.background(), [](Context ctx, std::string* t, Channel<int> c) -> Task<> {
      const testing::Mark mark(t, "parent");
      Scope s(ctx);
      s.go(inner(t, "child ", c));
      (void)co_await s.join();
    }(loop.background(), &text, ch));
    io.poll();
    go(loop.background(), inner(&text, "never", ch));
  }
  EXPECT_EQ(text, "child parent");
}

TEST(LoopEnd, DestructorsMayUseTheLibrary) {
  expect_leaks();
  asio::io_context io{1};
  std::string text;
  {
    Loop loop{io};
    struct Busy {
      Busy(Context c, std::string* t) : ctx(c), text(t) {}
      Busy(Busy&& o) noexcept : ctx(o.ctx), text(std::exchange(o.text, nullptr)) {}
      ~Busy() {
        if (!text) return;
        auto [child, cancel] = with_timeout(ctx, 1h);
        EXPECT_EQ(child.cause(), errc::shutdown);
        after_func(child, [] { FAIL(); }).detach();
        Channel<int> ch(1);
        (void)ch.try_send(1);
        ch.close();
        go(child, inner(text, "started in a destructor", ch));
        (void)child.remaining();
        *text += "busy ";
      }
      Context ctx;
      std::string* text;
    };
    go(loop.background(), [](Busy) -> Task<> { co_await sleep(1h); }(Busy(loop.background(), &text)));
    io.poll();
  }
  EXPECT_EQ(text, "busy ");
}

// Starts a task when it is destroyed, which holds the next of them.
class StartsAnother {
 public:
  StartsAnother(Context ctx, int left, int* destroyed)
      : ctx_(std::move(ctx)), left_(left), destroyed_(destroyed) {}
  StartsAnother(StartsAnother&& other) noexcept
      : ctx_(other.ctx_), left_(other.left_), destroyed_(std::exchange(other.destroyed_, nullptr)) {}
  ~StartsAnother() {
    if (!destroyed_) return;
    ++*destroyed_;
    if (left_ > 0) go(ctx_, held_by_task(StartsAnother(ctx_, left_ - 1, destroyed_)));
  }
  static Task<> held_by_task(StartsAnother) { co_await sleep(1h); }

 private:
  Context ctx_;
  int left_;
  int* destroyed_;
};

TEST(LoopEnd, DestroysTasksThatDestructorsStart) {
  expect_leaks();
  asio::io_context io{1};
  int destroyed = 0;
  {
    Loop loop{io};
    go(loop.background(), StartsAnother::held_by_task(StartsAnother(loop.background(), 2, &destroyed)));
    io.poll();
  }
  EXPECT_EQ(destroyed, 3);
}

TEST(LoopEnd, MakesOutlivingHandlesInert) {
  expect_leaks();
  asio::io_context io{1};
  Channel<int> ch;
  DoneSource source;
  const Done done = source.done();
  {
    Loop loop{io};
    go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
    go(loop.background(), [](Done d) -> Task<> { co_await d.wait(); }(done));
    io.poll();
  }
  EXPECT_FALSE(ch.try_send(1)) << "nobody waits there any more";
  EXPECT_TRUE(ch.close());
  source.close();
  io.restart();
  io.poll();
}

TEST(LoopEnd, MetricsOutliveIt) {
  expect_leaks();
  asio::io_context io{1};
  std::shared_ptr<const Metrics> metrics;
  {
    Loop loop{io};
    metrics = loop.metrics();
    Channel<int> ch;
    go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
    io.poll();
    EXPECT_EQ(metrics->live_tasks.get(), 1u);
  }
  EXPECT_EQ(metrics->live_tasks.get(), 0u);
  EXPECT_EQ(metrics->sites()[0].finished[static_cast<std::size_t>(Outcome::reaped)].get(), 1u);
  EXPECT_EQ(metrics->sites()[0].frame_bytes.get(), 0u);
}

TEST(LoopEnd, MayBeInAHandlerOfTheIoContext) {
  expect_leaks();
  asio::io_context io{1};
  auto loop = std::make_unique<Loop>(io);
  std::string text;
  go(loop->background(), inner(&text, "ended ", Channel<int>()));
  asio::post(io, [&] { loop.reset(); });
  asio::steady_timer timer(io, 1ms);
  timer.async_wait([&](std::error_code error) { text += error ? "canceled" : "later"; });
  io.run();
  EXPECT_EQ(text, "ended later") << "the io_context goes on";
}

TEST(LoopEnd, AForkedChildLeavesTheLoopAlone) {
  asio::io_context io{1};
  Loop loop{io};
  bool ended = false;
  go(loop.background(), [](bool* out) -> Task<> {
    co_await sleep(1ms);
    *out = true;
  }(&ended));
  io.poll();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  int status = 1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(ended);
}

TEST(LoopRun, ReportsUnwakeableTasksAsDeadlock) {
  asio::io_context io{1};
  Loop loop{io, {.grace = 1ms}};
  Channel<int> ch;
  auto [ctx, cancel] = with_cancel(loop.background());
  go(ctx, [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
  cancel();
  const auto ran = loop.run();
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error(), errc::deadlock);
  ch.close();
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST(LoopRun, ReportsNoDeadlockWhenStoppedWithWorkLeft) {
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
  asio::steady_timer timer(io, 10ms);  // which the loop does not know
  timer.async_wait([&](std::error_code) { EXPECT_TRUE(ch.try_send(1)); });
  asio::post(io, [&] { io.stop(); });
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(io.stopped());
  EXPECT_EQ(live_tasks(loop), 1u);
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST(LoopRun, ReportsNoDeadlockWhenStoppedAgainDuringCheck) {
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
  asio::steady_timer timer(io, 10ms);
  timer.async_wait([&](std::error_code) { EXPECT_TRUE(ch.try_send(1)); });
  for (int i = 0; i < 2; ++i) asio::post(io, [&] { io.stop(); });
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(io.stopped());
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST(LoopRun, KeepsStopRequestedDuringThrowingHandler) {
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
  asio::steady_timer timer(io, 1h);  // without work it would be stopped anyway
  timer.async_wait([](std::error_code) {});
  asio::post(io, [&] { io.stop(); });
  asio::post(io, [] { throw 42; });
  EXPECT_THROW((void)loop.run(), int);
  EXPECT_TRUE(io.stopped());
  timer.cancel();
  ch.close();
  EXPECT_TRUE(loop.run());
}

TEST(LoopRun, ReportsDeadlockWhenStoppedWithoutOtherWork) {
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  go(loop.background(), [](Channel<int> c) -> Task<> { (void)co_await c.receive(); }(ch));
  asio::post(io, [&] { io.stop(); });
  const auto ran = loop.run();
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error(), errc::deadlock);
  ch.close();
  EXPECT_TRUE(loop.run());
}

TEST_F(LoopTest, ReportsStuckOrphanAsDeadlockBeforeGraceEnds) {
  Channel<int> ch;
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx, [](Context, Channel<int> c) -> Task<> { (void)co_await c.receive(); }, ch);
  cancel();
  const auto ran = loop.run();
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error(), errc::deadlock);
  ch.close();
}

TEST(LoopRun, FiresTimerArmedOutsideTurn) {
  asio::io_context io{1};
  Loop loop{io};
  const auto made = with_timeout(loop.background(), 1ms);
  io.run();
  EXPECT_EQ(made.ctx.err(), errc::deadline_exceeded);
}

TEST(LoopRun, ReturnsAlthoughAFarTimerWasArmedAndCanceled) {
  asio::io_context io{1};
  Loop loop{io};
  const auto begin = std::chrono::steady_clock::now();
  { auto made = with_timeout(loop.background(), 1h); }
  EXPECT_TRUE(loop.run());
  go(loop.background(), [](Context ctx) -> Task<> {
    auto [child, cancel] = with_timeout(ctx, 1h);
    (void)co_await sleep(child, 1ms);
  }(loop.background()));
  EXPECT_TRUE(loop.run());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1min);
}

TEST(LoopRun, ReturnsWhenLastUnawaitedOperationEnds) {
  asio::io_context io{1};
  Loop loop{io};
  go(loop.background(), [](Context ctx, asio::io_context& service) -> Task<> {
    asio::steady_timer timer(service, 1h);
    auto [far, cancel] = with_timeout(ctx, 1h);  // released while the operation is still in flight
    { auto operation = timer.async_wait(via(far)); }
    co_return;
  }(loop.background(), io));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(loop.run());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1min);
}

TEST_F(LoopTest, DrainEndsAllExceptUnderWithoutCancel) {
  auto [ctx, cancel] = with_cancel(root());
  auto [apart, cancel_apart] = with_cancel(without_cancel(ctx));
  loop.drain();
  EXPECT_EQ(ctx.cause(), errc::shutdown);
  EXPECT_EQ(root().cause(), errc::shutdown);
  EXPECT_FALSE(apart.is_done());
  loop.drain(errc::disconnected);
  EXPECT_EQ(ctx.cause(), errc::shutdown);
}

TEST_F(LoopTest, AlwaysReadyAwaitsDoNotStarveOtherHandlers) {
  bool stop = false;
  long turns = 0;
  go(root(), [](bool* s, long* count) -> Task<> {
    Channel<int> ch(1);
    while (!*s) {
      (void)co_await ch.send(1);
      (void)co_await ch.receive();
      ++*count;
    }
  }(&stop, &turns));
  go(root(), [](Context ctx, bool* s) -> Task<> {  // scopes and their tasks are always ready too
    while (!*s) {
      Scope scope(ctx);
      scope.go([]() -> Task<> { co_return; }());
      (void)co_await scope.join();
    }
  }(root(), &stop));
  asio::post(io, [&] { asio::post(io, [&] { asio::post(io, [&] { stop = true; }); }); });
  poll();
  EXPECT_TRUE(stop);
  EXPECT_GT(turns, 0);
}

TEST_F(LoopTest, ChainedCallbacksDoNotStarveOtherHandlers) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  bool stop = false;
  std::function<void()> again = [&, c = ctx] {
    if (!stop) after_func(c, again).detach();
  };
  again();
  asio::post(io, [&] { asio::post(io, [&] { stop = true; }); });
  poll();
  EXPECT_TRUE(stop);
}

TEST_F(LoopTest, ATaskMayPollTheIoContext) {
  std::string order;
  start(
      [](Context ctx, asio::io_context* service, std::string* out) -> Task<> {
        go(ctx, [](std::string* o) -> Task<> {
          *o += "task ";
          co_return;
        }(out));
        asio::post(*service, [out] { *out += "handler "; });
        service->poll();
        *out += "polled ";
        co_await sleep(1s);  // it is still this task that waits
        *out += "slept";
      },
      &io, &order);
  EXPECT_EQ(order, "handler polled task ");
  advance(1s);
  EXPECT_EQ(order, "handler polled task slept");
}

TEST(LoopOnException, MayStartTasks) {
  asio::io_context io{1};
  Loop* the_loop = nullptr;
  std::string text;
  LoopOptions options;
  options.on_exception = [&](std::exception_ptr, const TaskInfo* task) {
    text += task->name + " threw, ";
    go(the_loop->background(), [](std::string* out) -> Task<> {
      *out += "told";
      co_return;
    }(&text));
  };
  Loop loop{io, std::move(options)};
  the_loop = &loop;
  go(
      loop.background(),
      []() -> Task<> {
        throw 1;
        co_return;
      }(),
      "first");
  EXPECT_TRUE(loop.run());
  EXPECT_EQ(text, "first threw, told");
}

TEST_F(LoopTest, TimersFollowTheManualClock) {
  const auto order = std::make_unique<std::string>();
  for (const auto& [after, name] : {std::pair(3s, "c"), std::pair(1s, "a"), std::pair(2s, "b")}) {
    go(root(), [](Duration d, const char* n, std::string* out) -> Task<> {
      co_await sleep(d);
      *out += n;
    }(after, name, order.get()));
  }
  poll();
  advance(10s);
  EXPECT_EQ(*order, "abc");
}

TEST(LoopRun, ArmsDistantTimerOnceInsteadOfEachTurn) {
  asio::io_context io{1};
  Loop loop{io};
  go(
      loop.background(),
      [](Loop& on) -> Task<> {
        const auto far_away = with_timeout(on.background(), 1h + 1ns);  // not on the grid
        for (int turn = 0; turn < 100; ++turn) (void)co_await asio::post(on.io(), via(on.background()));
      }(loop),
      "turns");
  timers_set = 0;
  EXPECT_TRUE(loop.run());
  EXPECT_GE(timers_set, 1);
  EXPECT_LE(timers_set, 5) << "100 turns";
}

TEST(LoopTwo, LoopsOfOneThreadAreIndependent) {
  asio::io_context io_a{1}, io_b{1};
  Loop a{io_a, {.name = "a"}}, b{io_b, {.name = "b"}};
  Channel<int> ch;
  int got = 0;
  go(a.background(),
     [](Channel<int> c, int* out) -> Task<> { *out = (co_await c.receive()).value(); }(ch, &got));
  go(b.background(), [](Channel<int> c) -> Task<> { (void)co_await c.send(7); }(ch));
  io_a.poll();
  io_b.poll();
  EXPECT_EQ(live_tasks(b), 0u);
  io_a.restart();
  io_a.poll();
  EXPECT_EQ(got, 7);
  EXPECT_EQ(a.name(), "a");
}

TEST(LoopDeathTest, TouchingALoopFromAnotherThreadWhileItRunsAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto touch = [] {
    asio::io_context io{1};
    Loop loop{io};
    auto made = with_cancel(without_cancel(loop.background()));
    auto stop = after_func(loop.background(), [&made] { std::thread([&made] { made.cancel(); }).join(); });
    loop.drain();
    io.poll();
  };
  EXPECT_DEATH(touch(), "belong to its thread");
}

TEST(LoopDeathTest, DestroyedByItsOwnTaskAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        auto loop = std::make_unique<Loop>(io);
        go(loop->background(), [](std::unique_ptr<Loop>* l) -> Task<> {
          l->reset();
          co_return;
        }(&loop));
        io.poll();
      },
      "Loop destroyed by one of its own tasks");
}

TEST(LoopDeathTest, ATurnBudgetOfZeroAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        LoopOptions options;
        options.turn_budget = 0;
        const Loop loop(io, std::move(options));
      },
      "a Loop was made with a turn_budget of 0");
}

TEST(LoopDeathTest, RunByItsOwnTaskAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        go(loop.background(), [](Loop* l) -> Task<> {
          (void)l->run();
          co_return;
        }(&loop));
        io.poll();
      },
      "Loop::run was called by one of the loop's own tasks");
}

TEST(LoopDeathTest, AnOnExceptionThatThrowsAborts) {
  const auto misuse = [] {
    asio::io_context io{1};
    LoopOptions options;
    options.on_exception = [](std::exception_ptr, const TaskInfo*) { throw 2; };
    Loop loop{io, std::move(options)};
    go(loop.background(), []() -> Task<> {
      throw 1;
      co_return;
    }());
    io.poll();
  };
  EXPECT_DEATH(misuse(), "LoopOptions::on_exception threw an exception");
}

std::unique_ptr<asio::io_context> static_io;
std::unique_ptr<Loop> static_loop;

TEST(LoopEnd, AStaticLoopEndsAfterTheRegistryWasUsed) {
  EXPECT_EXIT(
      {
        static_io = std::make_unique<asio::io_context>(1);
        static_loop = std::make_unique<Loop>(*static_io);
        go(static_loop->background(), []() -> Task<> { co_return; }());
        (void)static_loop->run();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace leash
