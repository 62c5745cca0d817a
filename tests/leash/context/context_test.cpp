// SPDX-License-Identifier: BSL-1.0
#include "leash/context.hpp"

#include <asio/post.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "leash/after_func.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_default_constructible_v<Context>);
static_assert(std::is_nothrow_copy_constructible_v<Context> && std::is_nothrow_move_constructible_v<Context>);
static_assert(std::is_nothrow_copy_assignable_v<Context> && std::is_nothrow_move_assignable_v<Context>);
static_assert(sizeof(Context) == sizeof(void*));
static_assert(!std::is_copy_constructible_v<Cancel> && std::is_nothrow_move_constructible_v<Cancel>);
static_assert(std::is_nothrow_move_assignable_v<Cancel>);
static_assert(noexcept(std::declval<Cancel&>()()));
static_assert(std::is_copy_constructible_v<RemoteCancel>);
static_assert(!std::is_constructible_v<Cancel, Context>, "what is handed to a task cannot cancel");

struct Name {
  using type = std::string;
};

using ContextTest = testing::LoopFixture;

Task<> waits_for_done(Context ctx, int* woken) {
  co_await ctx.done();
  ++*woken;
}

TEST_F(ContextTest, CancelIsBuiltIntoTheEndOfTheBlock) {
  std::optional<Context> kept;
  {
    auto [ctx, cancel] = with_cancel(root());
    kept = ctx;
    EXPECT_FALSE(kept->is_done());
  }
  EXPECT_EQ(kept->err(), errc::canceled);
  EXPECT_EQ(kept->cause(), errc::finished);
}

TEST_F(ContextTest, MovedCancelActsOnceAndAssignmentCancelsOldOne) {
  auto a = with_cancel(root());
  auto b = with_cancel(root());
  Cancel moved = std::move(a.cancel);
  EXPECT_FALSE(a.ctx.is_done());
  moved = std::move(b.cancel);
  EXPECT_EQ(a.ctx.cause(), errc::finished);
  EXPECT_FALSE(b.ctx.is_done());
  moved(errc::disconnected);
  EXPECT_EQ(b.ctx.cause(), errc::disconnected);
}

TEST_F(ContextTest, RemainingIsNeverNegative) {
  auto [ctx, cancel] = with_timeout(root(), 10s);
  EXPECT_EQ(ctx.remaining(), 10s);
  EXPECT_EQ(ctx.deadline(), clock.now() + 10s);
  clock.advance(4s);
  EXPECT_EQ(ctx.remaining(), 6s);
  clock.advance(10s);
  EXPECT_EQ(ctx.remaining(), 0s);
  EXPECT_FALSE(ctx.is_done()) << "err changes in the loop's timer turn, not before";
  poll();
  EXPECT_EQ(ctx.err(), errc::deadline_exceeded);
  EXPECT_EQ(ctx.remaining(), 0s);
  EXPECT_EQ(root().remaining(), std::nullopt);
  const Cancelable ancient = with_deadline(root(), TimePoint::min());
  EXPECT_TRUE(ancient.ctx.is_done());
  EXPECT_EQ(ancient.ctx.remaining(), 0s);
}

TEST_F(ContextTest, ADurationOfAnyLengthIsATimeout) {
  auto longest = with_timeout(root(), Duration::max());
  EXPECT_EQ(longest.ctx.deadline(), last_instant);
  EXPECT_FALSE(longest.ctx.is_done());
  auto never = with_deadline(root(), TimePoint::max());
  EXPECT_EQ(never.ctx.deadline(), std::nullopt);
  EXPECT_FALSE(never.ctx.is_done());
  auto past = with_timeout(root(), Duration::min());
  EXPECT_EQ(past.ctx.err(), errc::deadline_exceeded);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u) << "of the first";
  advance(1h);
  EXPECT_FALSE(longest.ctx.is_done());
}

TEST_F(ContextTest, DeadlineNotBeforeParentsAddsNoTimer) {
  auto [parent, cancel_parent] = with_timeout(root(), 1s);
  auto same = with_timeout(parent, 2s);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u);
  EXPECT_EQ(same.ctx.deadline(), parent.deadline());
  auto earlier = with_timeout(parent, 500ms);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 2u);
  earlier.cancel();
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u) << "cancel drops the timer";
}

TEST_F(ContextTest, ValuesAreFoundFromTheNearestContextOn) {
  const Context outer = with_value<Name>(root(), "outer");
  auto [child, cancel] = with_cancel(outer);
  const Context inner = with_value<Name>(child, "inner");
  EXPECT_EQ(*child.value<Name>(), "outer");
  EXPECT_EQ(*inner.value<Name>(), "inner");
  EXPECT_EQ(root().value<Name>(), nullptr);
}

TEST_F(ContextTest, LabelsAreInheritedWithTheirRole) {
  auto [request, cancel] = with_cancel(root(), Label("request", 918, Role::request));
  auto [below, cancel_below] = with_timeout(with_value<Name>(request, "x"), 1s);
  const Label label = below.label();
  EXPECT_STREQ(label.name, "request");
  EXPECT_EQ(label.number, 918u);
  EXPECT_EQ(below.node().role, Role::request);
  EXPECT_EQ(without_cancel(below).node().role, Role::request);
  EXPECT_EQ(root().label().name, nullptr);
}

TEST_F(ContextTest, ALongLivedParentDoesNotGrow) {
  auto [parent, cancel] = with_cancel(root());
  const auto before = loop.metrics()->contexts_live.get() + loop.metrics()->contexts_held.get();
  for (int i = 0; i < 10'000; ++i) auto child = with_timeout(parent, 1h);
  EXPECT_EQ(loop.metrics()->contexts_live.get() + loop.metrics()->contexts_held.get(), before);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
  EXPECT_TRUE(parent.node().signal->dependents.empty());
}

TEST_F(ContextTest, AVeryDeepTreeIsCanceledAndReleasedWithoutRecursion) {
  std::vector<Cancel> cancels;
  Context ctx = root();
  for (int i = 0; i < 200'000; ++i) {
    auto next = with_cancel(ctx);
    ctx = next.ctx;
    cancels.push_back(std::move(next.cancel));
  }
  cancels.front()(errc::disconnected);
  EXPECT_EQ(ctx.cause(), errc::disconnected);
  cancels.clear();
  ctx = root();
}

TEST_F(ContextTest, DoneWakesATask) {
  auto [ctx, cancel] = with_cancel(root());
  int woken = 0;
  start(
      [](Context, Context watched, int* count) -> Task<> {
        co_await watched.done();
        ++*count;
        co_await watched.done();  // completes at once
        ++*count;
      },
      ctx, &woken);
  EXPECT_EQ(woken, 0);
  cancel();
  EXPECT_EQ(woken, 0) << "cancel resumes nobody inside";
  poll();
  EXPECT_EQ(woken, 2);
}

TEST_F(ContextTest, WaitersGoOnFromTheParentDownInOrder) {
  const auto waits = [](Context ctx, const char* name, std::string* out) -> Task<> {
    co_await ctx.done();
    *out += name;
  };
  std::string order;
  auto [parent, cancel] = with_cancel(root());
  auto [child, cancel_child] = with_cancel(parent);
  go(root(), waits(child, "c", &order));
  go(root(), waits(parent, "a", &order));
  go(root(), waits(parent, "b", &order));
  go(root(), waits(child, "d", &order));
  poll();
  cancel();
  EXPECT_EQ(order, "") << "none goes on inside the call";
  poll();
  EXPECT_EQ(order, "abcd");
}

TEST_F(ContextTest, FindsValuesAndLabelsAboveManyContexts) {
  const Context named = with_value<Name>(with_cancel(root(), Label("request", 7)).ctx, "seven");
  std::vector<Cancelable> below;
  below.push_back(with_cancel(named));
  for (int n = 1; n < 1'000; ++n) below.push_back(with_cancel(below.back().ctx));
  for (const Cancelable& each : below) {
    ASSERT_EQ(*each.ctx.value<Name>(), "seven");
    ASSERT_EQ(each.ctx.label().number, 7u);
    ASSERT_EQ(without_cancel(each.ctx).label().number, 7u);
  }
  const Context own = with_value<Name>(with_cancel(below.back().ctx, Label("connection")).ctx, "own");
  EXPECT_EQ(*own.value<Name>(), "own");
  EXPECT_EQ(own.label().text(), "connection");
}

TEST_F(ContextTest, RemoteCancelActsInLaterTurn) {
  auto made = std::make_unique<Cancelable>(with_cancel(root()));
  const RemoteCancel remote = made->cancel.remote();
  const RemoteCancel copy = remote;
  copy(errc::disconnected);
  EXPECT_FALSE(made->ctx.is_done());
  poll();
  EXPECT_EQ(made->ctx.cause(), errc::disconnected);
  made.reset();
  EXPECT_EQ(loop.metrics()->contexts_held.get(), 0u);
  remote();
  poll();
}

TEST(ContextAfterLoop, EveryHandleIsDoneAndInert) {
  asio::io_context io{1};
  auto clock = std::make_unique<ManualClock>();
  auto loop = std::make_unique<Loop>(io, LoopOptions{.clock = clock.get()});
  const Context root = loop->background();
  auto [ctx, cancel] = with_timeout(root, 1s);
  const Context detached = without_cancel(ctx);
  auto [below, cancel_below] = with_timeout(detached, 1s);
  const Context valued = with_value<Name>(below, "kept");
  const RemoteCancel remote = cancel.remote();
  loop.reset();
  clock.reset();
  for (const Context& each : {root, ctx, detached, below, valued}) {
    EXPECT_EQ(each.err(), errc::canceled);
    EXPECT_EQ(each.cause(), errc::shutdown);
    (void)each.remaining();
    EXPECT_EQ(each.label().name, nullptr);
    auto [child, cancel_child] = with_timeout(each, 1s);
    EXPECT_EQ(child.cause(), errc::shutdown);
    EXPECT_EQ(without_cancel(child).err(), errc::canceled);
  }
  EXPECT_EQ(*valued.value<Name>(), "kept");
  cancel(errc::disconnected);
  cancel_below();
  remote();
  io.restart();
  io.poll();
  EXPECT_EQ(ctx.cause(), errc::shutdown);
}

// --- a deadline that passed while a task was busy ---

TEST_F(ContextTest, ReportedDeadlineEndsContext) {
  const std::error_code slow = std::make_error_code(std::errc::stream_timeout);
  std::string order;
  start(
      [](Context parent, ManualClock* time, std::error_code cause, std::string* out) -> Task<> {
        auto [ctx, cancel] = with_timeout(parent, 20ms, cause);
        auto [below, cancel_below] = with_cancel(ctx);
        after_func(ctx, [out] { *out += "ran"; }).detach();
        time->advance(40ms);
        EXPECT_FALSE(ctx.err()) << "until the timer, or a report";
        EXPECT_EQ(ctx.remaining(), 0s);
        const Result<> slept = co_await sleep(below, 1h);
        EXPECT_EQ(slept.error(), errc::deadline_exceeded);
        EXPECT_EQ(*out, "") << "callbacks run in a turn of their own";
        cancel_below();
        cancel();
        for (const Context& each : {ctx, below}) {
          EXPECT_EQ(each.err(), errc::deadline_exceeded);
          EXPECT_EQ(each.cause(), cause);
        }
      },
      &clock, slow, &order);
  EXPECT_EQ(order, "ran");
  EXPECT_EQ(loop.metrics()->contexts_done[static_cast<std::size_t>(Cause::deadline)].get(), 1u);
}

TEST_F(ContextTest, AReportEndsNoContextWithALaterDeadline) {
  start(
      [](Context root_ctx, ManualClock* time) -> Task<> {
        auto [outer, cancel_outer] = with_timeout(root_ctx, 30ms, std::make_error_code(std::errc::io_error));
        auto [inner, cancel_inner] =
            with_timeout(outer, 20ms, std::make_error_code(std::errc::stream_timeout));
        time->advance(25ms);
        EXPECT_FALSE(co_await sleep(inner, 1h));
        EXPECT_EQ(inner.cause(), std::errc::stream_timeout);
        EXPECT_FALSE(outer.is_done());
        time->advance(10ms);
        EXPECT_FALSE(co_await sleep(outer, 1h));
        EXPECT_EQ(outer.cause(), std::errc::io_error);
      },
      &clock);
}

TEST_F(ContextTest, ReportsFirstOfEqualDeadlines) {
  start(
      [](Context root_ctx, ManualClock* time) -> Task<> {
        auto [outer, cancel_outer] = with_timeout(root_ctx, 20ms, std::make_error_code(std::errc::io_error));
        auto [inner, cancel_inner] =
            with_timeout(outer, 20ms, std::make_error_code(std::errc::stream_timeout));
        time->advance(20ms);
        EXPECT_FALSE(co_await sleep(inner, 1h));
        EXPECT_EQ(inner.cause(), std::errc::io_error) << "as the timers would have said";
        EXPECT_TRUE(outer.is_done());
      },
      &clock);
}

// --- canceled from elsewhere ---

TEST_F(ContextTest, RunWaitsForARemoteCancelWhileATaskNeedsIt) {
  auto [ctx, cancel] = with_cancel(root());
  int woken = 0;
  go(ctx, waits_for_done(ctx, &woken));
  std::thread other([remote = cancel.remote(), this] {
    while (live_tasks(loop) == 0) std::this_thread::yield();
    remote();
  });
  EXPECT_TRUE(loop.run());
  other.join();
  EXPECT_EQ(woken, 1);
}

TEST_F(ContextTest, RunSaysDeadlockWhenTheLastRemoteCancelIsDropped) {
  auto [ctx, cancel] = with_cancel(root());
  int woken = 0;
  go(ctx, waits_for_done(ctx, &woken));
  std::thread other([remote = std::make_optional(cancel.remote()), this]() mutable {
    while (live_tasks(loop) == 0) std::this_thread::yield();
    remote.reset();
  });
  const auto ran = loop.run();
  other.join();
  EXPECT_TRUE(!ran && ran.error() == errc::deadlock);
  cancel();
  poll();
}

TEST_F(ContextTest, RunCanBeStoppedWhileItWaitsForARemoteCancel) {
  auto [ctx, cancel] = with_cancel(root());
  int woken = 0;
  go(ctx, waits_for_done(ctx, &woken));
  const RemoteCancel remote = cancel.remote();
  std::atomic<bool> runs{false};
  asio::post(io, [&] { runs = true; });
  std::thread other([&] {
    while (!runs) std::this_thread::yield();
    io.stop();
  });
  EXPECT_TRUE(loop.run());
  other.join();
  EXPECT_EQ(woken, 0);
  cancel();
  poll();
}

TEST_F(ContextTest, ARemoteCancelOfAnEndedContextKeepsNoRunWaiting) {
  auto [ctx, cancel] = with_cancel(root());
  const RemoteCancel remote = cancel.remote();
  cancel();
  auto [stuck, end_stuck] = with_cancel(root());
  int woken = 0;
  go(stuck, waits_for_done(stuck, &woken));
  const auto ran = loop.run();
  EXPECT_TRUE(!ran && ran.error() == errc::deadlock);
  end_stuck();
  poll();
}

TEST_F(ContextTest, DroppedRemoteCancelsLeaveNothing) {
  auto [ctx, cancel] = with_cancel(root());
  for (int i = 0; i < 1000; ++i) {
    const RemoteCancel remote = cancel.remote();
    const RemoteCancel copy = remote;
  }
  EXPECT_EQ(io.poll(), 1u) << "one post for all of them";
  const RemoteCancel remote = cancel.remote();
  for (int i = 0; i < 1000; ++i) remote();
  io.restart();
  EXPECT_EQ(io.poll(), 1u) << "only the first call counts";
  EXPECT_TRUE(ctx.is_done());
}

TEST(ContextAfterLoop, ARemoteCancelOutlivesTheIoContext) {
  std::optional<asio::io_context> io(1);
  std::optional<Loop> loop(*io);
  std::optional<Cancelable> made(with_cancel(loop->background()));
  const RemoteCancel remote = made->cancel.remote();
  const RemoteCancel pending = made->cancel.remote();
  pending();  // its post is dropped with the io_context
  made.reset();
  loop.reset();
  io.reset();
  remote();
}

TEST(ContextDeathTest, Case20AMovedFromHandleAborts) {
  asio::io_context io{1};
  Loop loop{io};
  Context ctx = loop.background();
  const Context taken = std::move(ctx);
  EXPECT_DEATH((void)ctx.err(), "a Context that was moved from");
  EXPECT_DEATH((void)with_cancel(ctx), "a Context that was moved from");
  EXPECT_DEATH((void)with_timeout(ctx, 1s), "a Context that was moved from");
  EXPECT_DEATH((void)with_value<Name>(ctx, ""), "a Context that was moved from");
  EXPECT_DEATH((void)without_cancel(ctx), "a Context that was moved from");
  auto [child, cancel] = with_cancel(taken);
  const Cancel other = std::move(cancel);
  EXPECT_DEATH(cancel(), "Cancel used after it was moved from");
  RemoteCancel remote = other.remote();
  const RemoteCancel moved_to = std::move(remote);
  EXPECT_DEATH(remote(), "RemoteCancel used after it was moved from");
}

struct Wide {
  struct alignas(128) type {
    int number = 0;
  };
};

TEST_F(ContextTest, AValueKeepsTheAlignmentOfItsType) {
  std::vector<Context> kept;
  for (int n = 0; n < 20; ++n) {
    Wide::type value;
    value.number = n;
    kept.push_back(with_value<Wide>(root(), value));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(kept.back().value<Wide>()) % 128, 0u);
    EXPECT_EQ(kept.back().value<Wide>()->number, n);
  }
}

TEST(ContextAndLoop, ContextDerivedAfterLoopEndIsDone) {
  std::optional<Context> kept;
  {
    asio::io_context io{1};
    Loop loop{io};
    kept = with_value<Name>(loop.background(), "kept");
  }
  const Context detached = without_cancel(*kept);
  EXPECT_TRUE(detached.is_done());
  EXPECT_EQ(detached.cause(), errc::shutdown);
  EXPECT_EQ(*detached.value<Name>(), "kept");
  const Context again = without_cancel(detached);
  EXPECT_TRUE(again.is_done());
}

TEST_F(ContextTest, AWaitUnderWithoutCancelEndsOnlyTheDeadlineBelow) {
  const TimePoint when = clock.now() + 1s;
  auto parent = with_deadline(root(), when);
  auto own = with_deadline(without_cancel(parent.ctx), when);
  std::error_code waited, above;
  go(root(), [&](Context) -> Task<> {
    clock.advance(1s);  // before the timers fire
    const auto slept = co_await sleep(own.ctx, 1h);
    waited = slept ? std::error_code() : slept.error();
    above = parent.ctx.err();
  });
  poll();
  EXPECT_EQ(waited, errc::deadline_exceeded);
  EXPECT_EQ(own.ctx.err(), errc::deadline_exceeded);
  EXPECT_EQ(above, std::error_code()) << "its own timer ends it";
}

}  // namespace
}  // namespace leash
