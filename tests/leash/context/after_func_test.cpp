// SPDX-License-Identifier: BSL-1.0
#include "leash/after_func.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(std::is_nothrow_move_constructible_v<StopHandle>);
static_assert(!std::is_copy_constructible_v<StopHandle>);

class AfterFuncTest : public testing::LoopFixture {
 protected:
  int runs = 0;
};

TEST_F(AfterFuncTest, Case28And32RunsInATurnOfItsOwnAfterCancelReturned) {
  auto [ctx, cancel] = with_cancel(root());
  auto stop = after_func(ctx, [this] { ++runs; });
  poll();
  EXPECT_EQ(runs, 0);
  cancel();
  EXPECT_EQ(runs, 0);
  poll();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(stop.stop());
}

TEST_F(AfterFuncTest, Case29RunsAfterATimeout) {
  auto [ctx, cancel] = with_timeout(root(), 1s);
  auto stop = after_func(ctx, [this] { ++runs; });
  advance(999ms);
  EXPECT_EQ(runs, 0);
  advance(1ms);
  EXPECT_EQ(runs, 1);
}

TEST_F(AfterFuncTest, Case30RunsAtOnceOnADoneContext) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  auto stop = after_func(ctx, [this] { ++runs; });
  EXPECT_EQ(runs, 0);
  poll();
  EXPECT_EQ(runs, 1);
}

TEST_F(AfterFuncTest, Case31StopIsTrueOnceAndPreventsRun) {
  auto [ctx, cancel] = with_cancel(root());
  auto stop = after_func(ctx, [this] { ++runs; });
  EXPECT_TRUE(stop.stop());
  cancel();
  poll();
  EXPECT_EQ(runs, 0);
  EXPECT_FALSE(stop.stop());
}

TEST_F(AfterFuncTest, StopBetweenCancelAndTheRunPreventsIt) {
  auto [ctx, cancel] = with_cancel(root());
  auto stop = after_func(ctx, [this] { ++runs; });
  cancel();
  EXPECT_TRUE(stop.stop());
  EXPECT_FALSE(stop.stop());
  poll();
  EXPECT_EQ(runs, 0);
}

TEST_F(AfterFuncTest, DestroyedHandleStopsQueuedFunction) {
  auto [ctx, cancel] = with_cancel(root());
  {
    auto used = std::make_unique<int>(0);
    auto stop = after_func(ctx, [&used] { ++*used; });
    cancel();
  }
  poll();  // must not use the destroyed object
}

TEST_F(AfterFuncTest, DetachGivesGosBehavior) {
  auto [ctx, cancel] = with_cancel(root());
  after_func(ctx, [this] { ++runs; }).detach();
  cancel();
  poll();
  EXPECT_EQ(runs, 1);
}

TEST_F(AfterFuncTest, RegistrationsAreIndependent) {  // semantics 9
  auto [ctx, cancel] = with_cancel(root());
  auto a = after_func(ctx, [this] { runs += 1; });
  auto b = after_func(ctx, [this] { runs += 10; });
  auto c = after_func(ctx, [this] { runs += 100; });
  EXPECT_TRUE(b.stop());
  cancel();
  poll();
  EXPECT_EQ(runs, 101);
}

TEST_F(AfterFuncTest, StopIsTrueOnceOnEndlessContext) {  // semantics 9
  const Context never = without_cancel(root());
  auto stop = after_func(never, [this] { ++runs; });
  EXPECT_TRUE(stop.stop());
  EXPECT_FALSE(stop.stop());
}

TEST_F(AfterFuncTest, AssignmentStopsTheOldOne) {
  auto [ctx, cancel] = with_cancel(root());
  auto stop = after_func(ctx, [this] { runs += 1; });
  stop = after_func(ctx, [this] { runs += 10; });
  cancel();
  poll();
  EXPECT_EQ(runs, 10);
}

TEST_F(AfterFuncTest, MayStopItselfAndRegisterAgainWhileItRuns) {
  auto [ctx, cancel] = with_cancel(root());
  std::optional<StopHandle> first;
  std::optional<StopHandle> second;
  first.emplace(after_func(ctx, [&, inner = ctx] {
    EXPECT_FALSE(first->stop());
    first.reset();
    second.emplace(after_func(inner, [this] { ++runs; }));
  }));
  cancel();
  poll();
  EXPECT_EQ(runs, 1);
}

TEST_F(AfterFuncTest, AnExceptionReachesTheLoopAndIsCounted) {
  expect_exceptions();
  auto [ctx, cancel] = with_cancel(root());
  auto stop = after_func(ctx, [] { throw std::runtime_error("from a callback"); });
  cancel();
  poll();
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "from a callback");
  EXPECT_EQ(loop.metrics()->exceptions.get(), 1u);
}

TEST(AfterFuncAndLoop, LoopEndDropsPendingFunctionsAndCaptures) {
  asio::io_context io{1};
  auto loop = std::make_unique<Loop>(io);
  auto held = std::make_shared<int>(0);
  auto [ctx, cancel] = with_cancel(loop->background());
  auto [other, cancel_other] = with_cancel(loop->background());
  auto waiting = after_func(ctx, [held] { ++*held; });
  after_func(other, [held] { ++*held; }).detach();
  cancel_other();  // queued, not run
  auto queued = after_func(other, [held] { ++*held; });
  EXPECT_EQ(held.use_count(), 4);
  loop.reset();
  io.poll();
  EXPECT_EQ(*held, 0);
  EXPECT_FALSE(queued.stop());
  EXPECT_FALSE(waiting.stop());
  EXPECT_EQ(held.use_count(), 1);
}

TEST(AfterFuncAndLoop, FunctionOwningItsHandleStopsOnAnyHandleEnd) {
  struct Owner {
    std::optional<StopHandle> handle;
  };
  asio::io_context io{1};
  Loop loop{io};
  auto [ctx, cancel] = with_cancel(loop.background());
  const auto ends_with = [&](auto end) {
    auto owner = std::make_shared<Owner>();
    owner->handle = after_func(ctx, [owner] { ADD_FAILURE() << "it was stopped: " << owner.use_count(); });
    std::optional<StopHandle>& handle = owner->handle;
    const std::weak_ptr<Owner> gone = owner;
    owner.reset();
    end(handle);
    EXPECT_TRUE(gone.expired());
  };
  ends_with([](auto& handle) { EXPECT_TRUE(handle->stop()); });
  ends_with([](auto& handle) { handle.reset(); });
  int ran = 0;
  ends_with([&](auto& handle) { *handle = after_func(ctx, [&] { ++ran; }); });
  cancel();
  io.poll();
  EXPECT_EQ(ran, 0) << "its handle was held by the function that was stopped";
}

TEST(AfterFuncAndLoop, SelfRegisteringFunctionHoldsUpNoTask) {
  asio::io_context io{1};
  Loop loop{io};
  auto [ctx, cancel] = with_cancel(loop.background());
  struct Again {
    static void run(const Context& of, const bool* stop) {
      if (!*stop) after_func(of, [of, stop] { run(of, stop); }).detach();
    }
  };
  cancel();
  bool ran = false;
  Again::run(ctx, &ran);
  go(loop.background(), [](bool* out) -> Task<> {
    *out = true;
    co_return;
  }(&ran));
  for (int i = 0; i < 10 && !ran; ++i) io.poll_one();
  EXPECT_TRUE(ran);
  ran = true;
  io.poll();
}

TEST(AfterFuncAndLoop, ARegistrationAfterTheLoopsEndIsInert) {
  asio::io_context io{1};
  auto loop = std::make_unique<Loop>(io);
  const Context ctx = loop->background();
  loop.reset();
  auto stop = after_func(ctx, [] { FAIL(); });
  EXPECT_FALSE(stop.stop());
  io.poll();
}

TEST(AfterFuncDeathTest, AnEmptyFunctionAborts) {
  asio::io_context io{1};
  Loop loop{io};
  EXPECT_DEATH((void)after_func(loop.background(), nullptr), "after_func was called with an empty function");
}

}  // namespace
}  // namespace leash
