#include "leash/context.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

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

TEST_F(ContextTest, AMovedCancelCancelsOnceAndAssignmentCancelsTheOldOne) {
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

TEST_F(ContextTest, ADeadlineThatIsNotEarlierThanTheParentsAddsNoTimer) {
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

TEST_F(ContextTest, AVeryDeepTreeIsCancelledAndReleasedWithoutRecursion) {
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

TEST_F(ContextTest, RemoteCancelActsInALaterTurnAndKeepsNothingAlive) {
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

TEST(ContextDeathTest, Case20AMovedFromHandleAborts) {
  asio::io_context io{1};
  Loop loop{io};
  Context ctx = loop.background();
  const Context taken = std::move(ctx);
  EXPECT_DEATH((void)ctx.err(), "Context used after it was moved from");
  EXPECT_DEATH((void)with_cancel(ctx), "Context used after it was moved from");
  EXPECT_DEATH((void)with_timeout(ctx, 1s), "Context used after it was moved from");
  EXPECT_DEATH((void)with_value<Name>(ctx, ""), "Context used after it was moved from");
  EXPECT_DEATH((void)without_cancel(ctx), "Context used after it was moved from");
  auto [child, cancel] = with_cancel(taken);
  const Cancel other = std::move(cancel);
  EXPECT_DEATH(cancel(), "Cancel used after it was moved from");
}

}  // namespace
}  // namespace leash
