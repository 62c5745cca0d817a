// SPDX-License-Identifier: BSL-1.0
// The cases of Go's package context about foreign parents, by their numbers in the list that the project ports,
// each through both bridges from Asio's cancellation: a slot (from_slot), and an asio::awaitable that awaits a
// task (as_awaitable).
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <optional>
#include <string>

#include "leash/after_func.hpp"
#include "leash/awaitable.hpp"
#include "leash/context.hpp"
#include "leash/from_slot.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

enum class Bridge { from_slot, as_awaitable };

struct Count {
  using type = int;
};

Task<> until_done(Context ctx) { co_await ctx.done(); }
asio::awaitable<void> bridge(Context root, std::optional<Context>* inside) {
  const auto make = [inside](const Context& ctx) {
    inside->emplace(ctx);
    return until_done(ctx);
  };
  co_await as_awaitable(root, make);
}

class ContextBridged : public testing::LoopFixture, public ::testing::WithParamInterface<Bridge> {
 protected:
  void SetUp() override {
    if (GetParam() == Bridge::from_slot) {
      auto [bridged, cancel] = from_slot(loop, signal_.slot());
      parent_ = bridged;
      cancel_.emplace(std::move(cancel));
    } else {
      asio::co_spawn(io, bridge(root(), &parent_),
                     asio::bind_cancellation_slot(signal_.slot(), [](const std::exception_ptr&) {}));
      poll();
    }
    own_dependents_ = dependents();
  }
  void TearDown() override {
    emit();
    poll();
    if (GetParam() == Bridge::from_slot) {  // co_spawn leaves its own handler in the slot
      EXPECT_FALSE(signal_.slot().has_handler()) << "unlinked";
    }
    parent_.reset();
    cancel_.reset();
    LoopFixture::TearDown();
  }

  const Context& parent() const { return *parent_; }
  void emit() { signal_.emit(asio::cancellation_type::terminal); }

  // The objects that the test has linked into the bridged parent.
  std::size_t children() const { return dependents() - own_dependents_; }

  static void expect_open(const Context& ctx) {
    EXPECT_FALSE(ctx.is_done());
    EXPECT_EQ(ctx.err(), std::error_code{});
    EXPECT_EQ(ctx.cause(), std::error_code{});
  }
  static void expect_done(const Context& ctx, std::error_code err, std::error_code cause) {
    EXPECT_TRUE(ctx.is_done());
    EXPECT_EQ(ctx.err(), err);
    EXPECT_EQ(ctx.cause(), cause);
  }

 private:
  std::size_t dependents() const {
    std::size_t count = 0;
    auto& all = parent_->node().signal->dependents;
    for (auto* hook = all.front(); hook; hook = all.next(*hook)) ++count;
    return count;
  }

  asio::cancellation_signal signal_;
  std::optional<Context> parent_;
  std::optional<Cancel> cancel_;  // of from_slot
  std::size_t own_dependents_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Through, ContextBridged, ::testing::Values(Bridge::from_slot, Bridge::as_awaitable),
                         [](const auto& each) {
                           return each.param == Bridge::from_slot ? "FromSlot" : "AsAwaitable";
                         });

TEST_P(ContextBridged, Case7ForeignParentEndsAllKindsOfChildrenAtOnce) {
  auto [child, cancel_child] = with_cancel(parent());
  const Context value = with_value<Count>(parent(), 1);
  auto [timed, cancel_timed] = with_timeout(value, 1h);
  for (const Context& each : {parent(), child, value, timed}) expect_open(each);
  EXPECT_EQ(children(), 2u);
  emit();
  for (const Context& each : {parent(), child, value, timed}) {
    expect_done(each, errc::canceled, errc::canceled);
  }
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
  EXPECT_EQ(*timed.value<Count>(), 1);
}

TEST_P(ContextBridged, Case26TheCauseIsTheErrAndIsInherited) {
  auto [child, cancel_child] = with_cancel(parent());
  emit();
  cancel_child(errc::disconnected);
  expect_done(parent(), errc::canceled, errc::canceled);
  expect_done(child, errc::canceled, errc::canceled);
  expect_done(with_cancel(parent()).ctx, errc::canceled, errc::canceled);
}

TEST_P(ContextBridged, Case27AChildsCauseDoesNotTouchTheForeignParent) {
  auto [child, cancel_child] = with_cancel(parent());
  auto [grandchild, cancel_grandchild] = with_cancel(child);
  cancel_child(errc::disconnected);
  expect_open(parent());
  expect_done(grandchild, errc::canceled, errc::disconnected);
  emit();
  expect_done(parent(), errc::canceled, errc::canceled);
  expect_done(child, errc::canceled, errc::disconnected);
}

TEST_P(ContextBridged, Case33AfterFuncRunsAfterTheCancelAndNotBefore) {
  int runs = 0;
  auto stop = after_func(parent(), [&] { ++runs; });
  poll();
  EXPECT_EQ(runs, 0);
  emit();
  EXPECT_EQ(runs, 0) << "emit returns before it runs";
  poll();
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(stop.stop());
}

TEST_P(ContextBridged, Case34AfterFuncRunsAfterATimeout) {
  auto [child, cancel_child] = with_timeout(parent(), 1s);
  int runs = 0;
  auto stop = after_func(child, [&] { ++runs; });
  advance(1s - 1ns);
  EXPECT_EQ(runs, 0);
  advance(1ns);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(child.err(), errc::deadline_exceeded);
  expect_open(parent());
}

TEST_P(ContextBridged, Case35AfterFuncOnADoneParentRunsAtOnce) {
  emit();
  int runs = 0;
  auto stop = after_func(parent(), [&] { ++runs; });
  EXPECT_EQ(runs, 0) << "in a turn of its own";
  poll();
  EXPECT_EQ(runs, 1);
}

TEST_P(ContextBridged, Case36StopIsTrueOnceAndPreventsAfterFunc) {
  int runs = 0;
  auto stop = after_func(parent(), [&] { ++runs; });
  EXPECT_TRUE(stop.stop());
  EXPECT_FALSE(stop.stop());
  emit();
  poll();
  EXPECT_EQ(runs, 0);
}

TEST_P(ContextBridged, Case37CancelUnregistersFromTheForeignParent) {
  auto [child, cancel_child] = with_cancel(parent());
  auto [timed, cancel_timed] = with_timeout(parent(), 1h);
  EXPECT_EQ(children(), 2u);
  cancel_child();
  EXPECT_EQ(children(), 1u);
  cancel_timed();
  EXPECT_EQ(children(), 0u);
  expect_open(parent());
}

TEST_P(ContextBridged, Case38StopUnregistersFromTheForeignParent) {
  auto stop = after_func(parent(), [] {});
  EXPECT_EQ(children(), 1u);
  stop.stop();
  EXPECT_EQ(children(), 0u);
  expect_open(parent());
}

}  // namespace
}  // namespace leash
