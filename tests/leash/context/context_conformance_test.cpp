// SPDX-License-Identifier: BSL-1.0
// The cases of Go's package context, by their numbers in the list that the project ports. Cases about
// after_func (28-32) are in after_func_test.cpp, those about foreign parents (7, 26, 27, 33-38) in
// context_bridged_test.cpp, that of invalid parents (20) in context_test.cpp. 23 does not apply.
#include "leash/context.hpp"

#include <algorithm>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "leash/after_func.hpp"
#include "leash/metrics.hpp"
#include "leash/select.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

enum class Reason { finished_early = 1, too_slow, parent, child, custom };
class ReasonCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "reason"; }
  std::string message(int value) const override { return "reason " + std::to_string(value); }
};
std::error_code because(Reason reason) {
  static const ReasonCategory category;
  return {static_cast<int>(reason), category};
}

struct Number {
  using type = int;
};
struct Text {
  using type = std::string;
};
struct Pointer {
  using type = const char*;
};

// Case 19: a type that is not a key does not compile.
struct NoType {};
struct NoObject {
  using type = void;
};
static_assert(ContextKey<Number> && ContextKey<Pointer>);
static_assert(!ContextKey<int> && !ContextKey<NoType> && !ContextKey<NoObject>);

class ContextConformance : public testing::LoopFixture {
 protected:
  static std::size_t children(const Context& ctx) {
    std::size_t count = 0;
    auto& dependents = ctx.node().signal->dependents;
    for (auto* hook = dependents.front(); hook; hook = dependents.next(*hook)) ++count;
    return count;
  }
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
};

TEST_F(ContextConformance, Case1And2BackgroundIsNeverDone) {
  expect_open(root());
  advance(1000h);
  expect_open(root());
  EXPECT_EQ(root().deadline(), std::nullopt);
  expect_open(without_cancel(root()));
}

TEST_F(ContextConformance, Case3CancelEndsContextWrapperAndGrandchildAtOnce) {
  auto [ctx, cancel] = with_cancel(root());
  const Context wrapper = with_value<Number>(ctx, 1);
  auto [grandchild, cancel_grandchild] = with_cancel(wrapper);
  for (const Context& each : {ctx, wrapper, grandchild}) expect_open(each);
  cancel();
  for (const Context& each : {ctx, wrapper, grandchild}) expect_done(each, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, Case4AParentFinishesItsChildren) {
  auto [parent, cancel_parent] = with_cancel(root());
  auto [cancelable, cancel_child] = with_cancel(parent);
  const Context value = with_value<Number>(parent, 1);
  auto [timed, cancel_timed] = with_timeout(value, 1h);
  int runs = 0;
  auto stop = after_func(parent, [&] { ++runs; });
  EXPECT_EQ(children(parent), 3u);
  cancel_parent();
  EXPECT_EQ(children(parent), 0u);
  for (const Context& each : {parent, cancelable, value, timed})
    expect_done(each, errc::canceled, errc::canceled);
  poll();
  EXPECT_EQ(runs, 1);
  expect_done(with_value<Number>(parent, 2), errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, Case5ChildFinishingFirstLeavesParentOpen) {
  auto [lone, cancel_lone] = with_cancel(root());
  cancel_lone();
  expect_open(root());
  auto [parent, cancel_parent] = with_cancel(root());
  auto [child, cancel_child] = with_cancel(with_value<Number>(parent, 1));
  EXPECT_EQ(children(parent), 1u);
  cancel_child();
  EXPECT_EQ(children(parent), 0u);
  expect_open(parent);
  expect_done(child, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, Case6CancelAndStopRemoveFromTheParent) {
  auto [ctx, cancel] = with_cancel(root());
  EXPECT_EQ(children(ctx), 0u);
  auto a = with_cancel(ctx);
  EXPECT_EQ(children(ctx), 1u);
  a.cancel();
  EXPECT_EQ(children(ctx), 0u);
  auto b = with_timeout(ctx, 1h);
  EXPECT_EQ(children(ctx), 1u);
  b.cancel();
  EXPECT_EQ(children(ctx), 0u);
  auto c = after_func(ctx, [] {});
  EXPECT_EQ(children(ctx), 1u);
  c.stop();
  EXPECT_EQ(children(ctx), 0u);
}

TEST_F(ContextConformance, Case8Deadlines) {
  auto plain = with_deadline(root(), clock.now() + 1s);
  const Context wrapped = with_value<Number>(plain.ctx, 1);
  auto longer = with_deadline(wrapped, clock.now() + 1h);
  EXPECT_EQ(longer.ctx.deadline(), plain.ctx.deadline());
  auto past = with_deadline(root(), clock.now() - 1s);
  auto now = with_deadline(root(), clock.now());
  expect_done(past.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
  expect_done(now.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
  advance(1s - 1ns);
  expect_open(plain.ctx);
  advance(1ns);
  for (const Context& each : {plain.ctx, wrapped, longer.ctx}) {
    expect_done(each, errc::deadline_exceeded, errc::deadline_exceeded);
  }
}

TEST_F(ContextConformance, Case9Timeouts) {
  auto plain = with_timeout(root(), 1s);
  auto longer = with_timeout(with_value<Number>(plain.ctx, 1), 1h);
  auto zero = with_timeout(root(), 0s);
  auto negative = with_timeout(root(), -1s);
  expect_done(zero.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
  expect_done(negative.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
  zero.cancel(because(Reason::custom));
  expect_done(zero.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
  EXPECT_NE(zero.ctx.deadline(), std::nullopt);
  advance(1s);
  expect_done(longer.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
}

TEST_F(ContextConformance, Case10CancelBeforeExpiryGivesCanceledAtOnce) {
  auto [ctx, cancel] = with_timeout(with_value<Number>(root(), 1), 1h);
  cancel();
  expect_done(ctx, errc::canceled, errc::canceled);
  EXPECT_NE(ctx.deadline(), std::nullopt);
  advance(2h);
  expect_done(ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, Case11Values) {
  const Context c1 = with_value<Number>(root(), 1);
  const Context c2 = with_value<Text>(c1, "two");
  const Context c3 = with_value<Pointer>(c2, "three");
  EXPECT_EQ(c1.value<Text>(), nullptr);
  EXPECT_EQ(*c3.value<Number>(), 1);
  EXPECT_EQ(*c3.value<Text>(), "two");
  EXPECT_STREQ(*c3.value<Pointer>(), "three");
  const Context shadowed = with_value<Pointer>(c3, nullptr);
  ASSERT_NE(shadowed.value<Pointer>(), nullptr) << "the key is there";
  EXPECT_EQ(*shadowed.value<Pointer>(), nullptr) << "and its value is null";
  auto [canceled, cancel] = with_cancel(shadowed);
  cancel();
  EXPECT_EQ(*canceled.value<Text>(), "two") << "values survive cancellation";
  EXPECT_EQ(*without_cancel(canceled).value<Number>(), 1);
}

TEST_F(ContextConformance, Case12BackgroundIsOneNodeAndNodesArePooled) {  // budgets: the benchmarks
  EXPECT_EQ(&root().node(), &root().node()) << "nothing is allocated for it";
  const Context copy = root();
  EXPECT_EQ(&copy.node(), &root().node());
  const auto cycle = [this] {
    auto [ctx, cancel] = with_timeout(root(), 1h);
    const Context value = with_value<Number>(ctx, 1);
    auto [child, cancel_child] = with_cancel(without_cancel(value));
  };
  cycle();
  const FramePoolUsage before = frame_pool_usage();
  for (int i = 0; i < 10'000; ++i) cycle();
  EXPECT_EQ(frame_pool_usage().used_bytes, before.used_bytes);
  EXPECT_EQ(frame_pool_usage().mapped_bytes, before.mapped_bytes) << "no more memory after warm-up";
}

// A 4-ary tree: each node is canceled from several places.
void grow(const Context& parent, int depth, std::vector<Cancelable>& tree) {
  if (depth == 0) return;
  for (int i = 0; i < 4; ++i) {
    tree.push_back(i % 2 ? with_timeout(parent, 1h) : with_cancel(parent));
    const Context ctx = tree.back().ctx;
    grow(ctx, depth - 1, tree);
  }
}

TEST_F(ContextConformance, Case13ATreeCanceledFromEverywhereAtOnce) {
  std::vector<Cancelable> tree;
  tree.reserve(1024);
  grow(root(), 3, tree);
  ASSERT_EQ(tree.size(), 84u);
  std::vector<StopHandle> stops;
  // The first context that ends cancels all others, from inside callbacks.
  for (Cancelable& node : tree) {
    stops.push_back(after_func(node.ctx, [&tree] {
      for (Cancelable& each : tree) each.cancel();
    }));
  }
  tree[40].cancel();
  poll();
  for (const Cancelable& node : tree) EXPECT_EQ(node.ctx.err(), errc::canceled);
}

TEST_F(ContextConformance, Case13ATreeCanceledFromFourThreads) {
  std::vector<Cancelable> tree;
  tree.reserve(1024);
  grow(root(), 3, tree);
  std::vector<std::vector<RemoteCancel>> remotes(4);
  for (auto& each : remotes) {
    for (Cancelable& node : tree) each.push_back(node.cancel.remote());
  }
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&each = remotes[t], t] {
      for (std::size_t i = 0; i < each.size(); ++i) each[(i * 13 + t * 21) % each.size()]();
    });
  }
  EXPECT_TRUE(eventually([&] {
    return std::all_of(tree.begin(), tree.end(), [](const Cancelable& node) { return node.ctx.is_done(); });
  }));
  for (std::thread& thread : threads) thread.join();
  for (const Cancelable& node : tree) EXPECT_EQ(node.ctx.err(), errc::canceled);
}

// The same while tasks wait under every node and new children are made. Four threads post cancellations with
// different causes, and the first one in each subtree must stay.
TEST_F(ContextConformance, Case13ATreeInUseCanceledByPostsFromFourThreads) {
  std::vector<Cancelable> tree;
  tree.reserve(1024);
  grow(root(), 3, tree);
  int woken = 0, called = 0;
  std::vector<StopHandle> stops;
  for (const Cancelable& node : tree) {
    start_under(
        node.ctx,
        [](Context ctx, int* count) -> Task<> {
          auto [child, cancel] = with_timeout(ctx, 1h);
          co_await child.done();
          EXPECT_TRUE(child.err());
          EXPECT_EQ(child.cause(), ctx.cause());
          ++*count;
        },
        &woken);
    stops.push_back(after_func(node.ctx, [&called] { ++called; }));
  }
  std::vector<std::vector<std::error_code>> first(tree.size());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < tree.size(); ++i) {
        const std::size_t index = (i * 13 + static_cast<std::size_t>(t) * 21) % tree.size();
        asio::post(io, [&, t, index] {
          Cancelable& node = tree[index];
          const std::error_code cause(t + 1, because(Reason::custom).category());
          node.cancel(cause);
          EXPECT_TRUE(node.ctx.is_done()) << "when cancel returns";
          first[index].push_back(node.ctx.cause());
          const auto late = with_cancel(node.ctx);
          EXPECT_EQ(late.ctx.cause(), node.ctx.cause());
        });
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
  for (std::thread& thread : threads) thread.join();
  poll();
  EXPECT_EQ(woken, static_cast<int>(tree.size()));
  EXPECT_EQ(called, static_cast<int>(tree.size()));
  for (std::size_t i = 0; i < tree.size(); ++i) {
    EXPECT_EQ(tree[i].ctx.err(), errc::canceled);
    ASSERT_EQ(first[i].size(), 4u);
    for (const std::error_code& seen : first[i]) EXPECT_EQ(seen, tree[i].ctx.cause()) << "it is frozen";
  }
}

// A deadline and cancellations from several places occur at the same time.
TEST_F(ContextConformance, Case18CreationRacesDeadlineAndCancelOnFourThreads) {
  for (int i = 0; i < 100; ++i) {
    auto [parent, cancel_parent] = with_timeout(root(), 10ms, because(Reason::too_slow));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, remote = cancel_parent.remote(), t] {
        if (t % 2) {
          remote(because(Reason::parent));
        } else {
          asio::post(io, [&, c = &cancel_parent] { (*c)(because(Reason::parent)); });
        }
      });
    }
    if (i % 2) clock.advance(10ms);
    EXPECT_TRUE(eventually([&, &p = parent] {
      const auto child = with_cancel(p);
      EXPECT_EQ(child.ctx.is_done(), p.is_done());
      EXPECT_EQ(child.ctx.cause(), p.cause());
      return p.is_done();
    }));
    for (std::thread& thread : threads) thread.join();
    poll();
    const bool late = parent.err() == errc::deadline_exceeded;
    EXPECT_EQ(parent.cause(), because(late ? Reason::too_slow : Reason::parent));
    EXPECT_TRUE(i % 2 || !late);
  }
}

TEST_F(ContextConformance, Case14AWatcherOfTheParentCancelsTheChild) {
  auto [parent, cancel_parent] = with_cancel(root());
  auto [child, cancel_child] = with_cancel(parent);
  start(
      [](Context, Context watched, Cancel* cancel) -> Task<> {
        co_await watched.done();
        (*cancel)();
      },
      parent, &cancel_child);
  cancel_parent();
  poll();
  expect_done(child, errc::canceled, errc::canceled);
}

void layers(testing::LoopFixture*, Loop& loop, ManualClock& clock, asio::io_context& io, bool by_timeout) {
  std::minstd_rand random(by_timeout ? 16 : 15);
  for (int round = 0; round < 20; ++round) {
    Context ctx = loop.background();
    std::vector<Cancel> cancels;
    int expected = -1;
    for (int i = 0; i < 30 || cancels.empty(); ++i) {
      switch (random() % 3) {
        case 0:
          ctx = with_value<Number>(ctx, i);
          expected = i;
          break;
        case 1: {
          auto next = with_cancel(ctx);
          ctx = next.ctx;
          cancels.push_back(std::move(next.cancel));
          break;
        }
        default: {
          auto next = with_timeout(ctx, by_timeout ? 1s + std::chrono::milliseconds(random() % 1000) : 1h);
          ctx = next.ctx;
          cancels.push_back(std::move(next.cancel));
        }
      }
    }
    const auto check_values = [&] {
      if (expected < 0) {
        EXPECT_EQ(ctx.value<Number>(), nullptr);
      } else {
        EXPECT_EQ(*ctx.value<Number>(), expected);
      }
    };
    check_values();
    EXPECT_FALSE(ctx.is_done());
    if (by_timeout && ctx.deadline()) {
      clock.advance(2s);
      io.restart();
      io.poll();
      EXPECT_EQ(ctx.err(), errc::deadline_exceeded);
    } else {
      cancels[random() % cancels.size()]();
      EXPECT_EQ(ctx.err(), errc::canceled);
    }
    check_values();
  }
}

TEST_F(ContextConformance, Case15LayersOfEveryKindCanceled) { layers(this, loop, clock, io, false); }
TEST_F(ContextConformance, Case16LayersOfEveryKindTimedOut) { layers(this, loop, clock, io, true); }

TEST_F(ContextConformance, Case17AChildOfADoneParentIsBornDone) {
  auto [parent, cancel] = with_cancel(root());
  cancel(because(Reason::parent));
  auto a = with_cancel(parent);
  auto b = with_timeout(parent, 1h);
  auto c = with_timeout(parent, 0s, because(Reason::too_slow));
  for (const Context& each : {a.ctx, b.ctx, c.ctx, with_value<Number>(parent, 1)}) {
    expect_done(each, errc::canceled, because(Reason::parent));
  }
  EXPECT_EQ(children(parent), 0u);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
}

TEST_F(ContextConformance, Case18CreationRacesCancellationInOneLoop) {
  for (int i = 0; i < 100; ++i) {
    auto [parent, cancel_parent] = with_cancel(root());
    std::optional<Cancelable> child;
    auto first = after_func(parent, [&, p = parent] { child.emplace(with_cancel(p)); });
    asio::post(io, [&cancel = cancel_parent] { cancel(because(Reason::parent)); });
    if (i % 2) child.emplace(with_cancel(parent));
    poll();
    expect_done(child->ctx, errc::canceled, because(Reason::parent));
  }
}

TEST_F(ContextConformance, Case18CreationRacesCancellationFromFourThreads) {
  for (int i = 0; i < 100; ++i) {
    auto [parent, cancel_parent] = with_cancel(root());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([remote = cancel_parent.remote()] { remote(because(Reason::parent)); });
    }
    std::optional<Cancelable> child;
    EXPECT_TRUE(eventually([&, &p = parent] {
      child.emplace(with_cancel(p));
      return p.is_done();
    }));
    for (std::thread& thread : threads) thread.join();
    child.emplace(with_cancel(parent));
    expect_done(child->ctx, errc::canceled, because(Reason::parent));
  }
}

TEST_F(ContextConformance, Case21And22OnlyDeadlineExceededIsATimeout) {
  const std::error_code exceeded = errc::deadline_exceeded;
  const std::error_code canceled = errc::canceled;
  EXPECT_TRUE(exceeded == std::errc::timed_out);
  EXPECT_TRUE(canceled == std::errc::operation_canceled);
  EXPECT_FALSE(canceled == std::errc::timed_out);
  EXPECT_FALSE(exceeded == std::errc::operation_canceled);
  EXPECT_EQ(exceeded.message(), "context deadline exceeded");
  EXPECT_EQ(canceled.message(), "context canceled");
}

TEST_F(ContextConformance, Case24PollingSeesNoOtherCause) {
  auto [parent, cancel] = with_cancel(root());
  auto [child, cancel_child] = with_cancel(parent);
  int polls = 0;
  std::function<void()> look = [&, &c = child] {
    const std::error_code cause = c.cause();
    EXPECT_TRUE(!cause || cause == because(Reason::custom)) << cause;
    EXPECT_EQ(static_cast<bool>(cause), c.is_done());
    if (++polls < 100) asio::post(io, look);
    if (polls == 50) cancel(because(Reason::custom));
  };
  asio::post(io, look);
  poll();
  EXPECT_EQ(polls, 100);
}

TEST_F(ContextConformance, Case25WithoutCancelKeepsValuesAlone) {
  auto [timed, cancel] = with_timeout(with_value<Number>(root(), 7), 1s);
  const Context detached = without_cancel(timed);
  auto [below, cancel_below] = with_cancel(detached);
  cancel(because(Reason::custom));
  advance(2s);
  expect_open(detached);
  expect_open(below);
  EXPECT_EQ(detached.deadline(), std::nullopt);
  EXPECT_EQ(*below.value<Number>(), 7);
  cancel_below();
  expect_done(below, errc::canceled, errc::canceled);
  expect_open(detached);
}

TEST_F(ContextConformance, Case39ErrAndDoneNeverDisagree) {
  auto [ctx, cancel] = with_timeout(root(), 1s);
  bool done_completed = false;
  start(
      [](Context, Context watched, bool* completed) -> Task<> {
        co_await watched.done();
        EXPECT_TRUE(watched.err());
        *completed = true;
      },
      ctx, &done_completed);
  clock.advance(1s);
  EXPECT_FALSE(ctx.err()) << "the deadline has passed, the loop has not seen it yet";
  EXPECT_FALSE(ctx.is_done());
  poll();
  EXPECT_TRUE(done_completed);
}

TEST_F(ContextConformance, Case39DoneWaitsForErrDespitePassedDeadline) {
  auto [ctx, cancel] = with_timeout(root(), 1s);
  bool done_completed = false;
  start(
      [](Context, Context watched, ManualClock* c, bool* completed) -> Task<> {
        c->advance(1s);
        EXPECT_FALSE(watched.err());
        const auto taken = co_await select(watched.done(), otherwise);
        EXPECT_EQ(taken.index(), 1u) << "done, with an empty err";
        co_await watched.done();
        EXPECT_EQ(watched.err(), errc::deadline_exceeded);
        *completed = true;
      },
      ctx, &clock, &done_completed);
  poll();
  EXPECT_TRUE(done_completed);
}

TEST_F(ContextConformance, ANestedCancelReturnsWhenTheWholeSubtreeIsDone) {  // semantics 1
  auto [top, cancel_top] = with_cancel(root());
  auto [child, cancel_child] = with_cancel(top);
  auto [leaf, cancel_leaf] = with_cancel(child);
  bool checked = false;
  auto stop = after_func(leaf, [&, &t = top, &l = leaf] {
    cancel_top();
    EXPECT_TRUE(t.is_done());
    EXPECT_TRUE(l.is_done());
    checked = true;
  });
  cancel_child();
  EXPECT_TRUE(leaf.is_done());
  EXPECT_FALSE(top.is_done());
  poll();
  EXPECT_TRUE(checked);
}

// An operation that can be canceled. The test decides when it ends.
class Stoppable {
 public:
  explicit Stoppable(std::function<void()> told) : told_(std::move(told)) {}
  auto start(const Context& ctx) {
    const Via token = via(ctx);
    return asio::async_initiate<const Via, void(std::error_code)>(
        [](auto handler, Stoppable* self) {
          asio::get_associated_cancellation_slot(handler).assign(
              [self](asio::cancellation_type) { self->told_(); });
          self->handler_ = std::move(handler);
        },
        token, this);
  }
  void complete() {
    auto handler = std::exchange(handler_, nullptr);
    handler(make_error_code(asio::error::operation_aborted));
  }

 private:
  std::function<void()> told_;
  std::move_only_function<void(std::error_code)> handler_;
};

TEST_F(ContextConformance, NestedCancelReturnsAfterWholeSubtreeIsDone) {  // semantics 1
  auto [top, cancel_top] = with_cancel(root());
  auto [sibling, cancel_sibling] = with_cancel(top);
  auto [node, cancel_node] = with_cancel(top);
  auto [first, cancel_first] = with_cancel(node);
  auto [last, cancel_last] = with_timeout(first, 1h);
  int told = 0;
  Stoppable operation([&, &t = top, &s = sibling, &n = node, &f = first, &l = last] {  // inside cancel_node()
    ++told;
    for (const Context& each : {n, f, l}) expect_done(each, errc::canceled, because(Reason::custom));
    expect_open(t);
    expect_open(s);
    cancel_node(because(Reason::child));  // once more
    cancel_first(because(Reason::child));
    cancel_top(because(Reason::parent));
    expect_done(s, errc::canceled, because(Reason::parent));
    expect_done(t, errc::canceled, because(Reason::parent));
  });
  start(
      [](Context, Context c, Stoppable* o) -> Task<> {
        const auto r = co_await o->start(c);
        EXPECT_EQ(r.error(), errc::canceled);
      },
      first, &operation);
  cancel_node(because(Reason::custom));
  EXPECT_EQ(told, 1);
  for (const Context& each : {node, first, last}) {
    expect_done(each, errc::canceled, because(Reason::custom));
  }
  operation.complete();
}

TEST_F(ContextConformance, ADeadlineEqualToTheParentsHasItsOwnTimer) {  // semantics 6
  auto parent = with_timeout(root(), 1s);
  auto later = with_timeout(parent.ctx, 1s + 1ns);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u);
  auto equal = with_timeout(parent.ctx, 1s, because(Reason::too_slow));
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 2u);
  EXPECT_EQ(equal.ctx.deadline(), parent.ctx.deadline());
  advance(1s);
  EXPECT_EQ(equal.ctx.err(), errc::deadline_exceeded);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
}

// The table of causes: the actions, and the err and cause that must result.

TEST_F(ContextConformance, CauseTableBackground) { expect_open(root()); }

TEST_F(ContextConformance, CauseTableCancel) {
  auto a = with_cancel(root());
  a.cancel();
  expect_done(a.ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, CauseTableCancelWithCause) {
  auto a = with_cancel(root());
  a.cancel(because(Reason::custom));
  expect_done(a.ctx, errc::canceled, because(Reason::custom));
  a.cancel(because(Reason::child));
  expect_done(a.ctx, errc::canceled, because(Reason::custom));
}

TEST_F(ContextConformance, CauseTableEmptyCause) {
  auto a = with_cancel(root());
  a.cancel(std::error_code{});
  expect_done(a.ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, CauseTableParentWithCauseBeforeTheChildWithCause) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  parent.cancel(because(Reason::parent));
  child.cancel(because(Reason::child));
  expect_done(parent.ctx, errc::canceled, because(Reason::parent));
  expect_done(child.ctx, errc::canceled, because(Reason::parent));
}

TEST_F(ContextConformance, CauseTableParentWithCauseAfterTheChildWithCause) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  child.cancel(because(Reason::child));
  parent.cancel(because(Reason::parent));
  expect_done(parent.ctx, errc::canceled, because(Reason::parent));
  expect_done(child.ctx, errc::canceled, because(Reason::child));
}

TEST_F(ContextConformance, CauseTableParentWithCauseBeforeAPlainChild) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  parent.cancel(because(Reason::parent));
  child.cancel();
  expect_done(child.ctx, errc::canceled, because(Reason::parent));
}

TEST_F(ContextConformance, CauseTableParentCauseAfterPlainChildCancel) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  child.cancel();
  parent.cancel(because(Reason::parent));
  expect_done(child.ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, CauseTableChildWithCauseAfterAPlainParent) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  parent.cancel();
  child.cancel(because(Reason::child));
  expect_done(parent.ctx, errc::canceled, errc::canceled);
  expect_done(child.ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, CauseTableChildWithCauseBeforeAPlainParent) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  child.cancel(because(Reason::child));
  parent.cancel();
  expect_done(parent.ctx, errc::canceled, errc::canceled);
  expect_done(child.ctx, errc::canceled, because(Reason::child));
}

TEST_F(ContextConformance, CauseTableTimeoutOfZero) {
  auto a = with_timeout(root(), 0s);
  expect_done(a.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
}

TEST_F(ContextConformance, CauseTableTimeoutCanceledFirst) {
  auto a = with_timeout(root(), 1s);
  a.cancel();
  advance(1s);
  expect_done(a.ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, CauseTableTimeoutWithCause) {
  auto born = with_timeout(root(), 0s, because(Reason::too_slow));
  expect_done(born.ctx, errc::deadline_exceeded, because(Reason::too_slow));
  auto a = with_timeout(root(), 1s, because(Reason::too_slow));
  expect_open(a.ctx);
  advance(1s);
  expect_done(a.ctx, errc::deadline_exceeded, because(Reason::too_slow));
}

TEST_F(ContextConformance, CauseTableTimeoutWithCauseCanceledFirst) {
  auto a = with_timeout(root(), 1s, because(Reason::too_slow));
  a.cancel();
  expect_done(a.ctx, errc::canceled, errc::canceled);
}

TEST_F(ContextConformance, CauseTableStackedTimeoutThenParent) {
  auto parent = with_cancel(root());
  auto child = with_timeout(parent.ctx, 1s, because(Reason::too_slow));
  advance(1s);
  parent.cancel(because(Reason::finished_early));
  expect_done(child.ctx, errc::deadline_exceeded, because(Reason::too_slow));
}

TEST_F(ContextConformance, CauseTableStackedParentThenTimeout) {
  auto parent = with_cancel(root());
  auto child = with_timeout(parent.ctx, 1s, because(Reason::too_slow));
  parent.cancel(because(Reason::finished_early));
  advance(1s);
  expect_done(child.ctx, errc::canceled, because(Reason::finished_early));
}

TEST_F(ContextConformance, CauseTableLaterDeadlineLosesItsOwnCause) {  // semantics 6
  auto parent = with_timeout(root(), 1s);
  auto child = with_timeout(parent.ctx, 2s, because(Reason::too_slow));
  advance(2s);
  expect_done(child.ctx, errc::deadline_exceeded, errc::deadline_exceeded);
}

TEST_F(ContextConformance, CauseTableWithoutCancelOfPlainCanceledAndTimedOut) {
  auto canceled = with_cancel(root());
  canceled.cancel(because(Reason::custom));
  auto timed_out = with_timeout(root(), 0s);
  expect_open(without_cancel(root()));
  expect_open(without_cancel(canceled.ctx));
  expect_open(without_cancel(timed_out.ctx));
  auto alive = with_cancel(without_cancel(canceled.ctx));
  expect_open(alive.ctx);  // semantics 11
}

TEST_F(ContextConformance, CauseTableALateCauseDoesNotChangeAChildsCause) {
  auto parent = with_cancel(root());
  auto child = with_cancel(parent.ctx);
  parent.cancel();
  parent.cancel(because(Reason::parent));
  expect_done(child.ctx, errc::canceled, errc::canceled);
}

}  // namespace
}  // namespace leash
