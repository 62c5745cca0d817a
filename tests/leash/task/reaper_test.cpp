// SPDX-License-Identifier: BSL-1.0
#include "leash/reaper.hpp"

#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "leash/channel.hpp"
#include "leash/scope.hpp"
#include "leash/select.hpp"
#include "leash/sleep.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using testing::Counted;

// Writes its letter when it is destroyed.
class Mark {
 public:
  Mark(std::string* out, char letter) noexcept : out_(out), letter_(letter) {}
  Mark(Mark&& other) noexcept : out_(std::exchange(other.out_, nullptr)), letter_(other.letter_) {}
  Mark& operator=(Mark&&) = delete;
  ~Mark() {
    if (out_) *out_ += letter_;
  }

 private:
  std::string* out_;
  char letter_;
};

// An operation that has no cancellation path: it completes when the test says so.
class Deaf {
 public:
  auto async_wait(const Context& ctx) {
    Via token = via(ctx);
    return asio::async_initiate<Via, void(std::error_code)>(
        [this](auto handler) {
          auto kept = std::make_shared<decltype(handler)>(std::move(handler));
          complete_ = [kept] { (*kept)(std::error_code()); };
        },
        token);
  }
  void complete() { std::exchange(complete_, nullptr)(); }

 private:
  std::function<void()> complete_;
};

class ReaperTest : public testing::LoopFixture {
 protected:
  std::uint64_t finished(Outcome outcome) const {
    std::uint64_t sum = 0;
    for (const SiteMetrics& site : loop.metrics()->sites())
      sum += site.finished[static_cast<std::size_t>(outcome)].get();
    return sum;
  }
  // Its owner ends, and the grace passes.
  void leak(Cancel& owner) {
    owner();
    advance(1s);
  }
};

TEST_F(ReaperTest, FreesResourcesOfLeakedTask) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(ctx, [](Context) -> Task<> {
    const Counted held(1);
    Channel<int> ch;
    (void)co_await ch.receive();
  });
  leak(cancel);
  EXPECT_EQ(Counted::alive, 1);
  EXPECT_EQ(reap(loop).ended, 1u);
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(live_tasks(loop), 0u);
  EXPECT_EQ(finished(Outcome::reaped), 1u);
  for (const Figure& figure : loop.metrics()->cancel_latency)
    EXPECT_EQ(figure.get(), 0u) << "it was not canceled";
}

TEST_F(ReaperTest, DestroysFramesInsideOutWithoutResuming) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context, std::string* out) -> Task<> {
        const Mark outer(out, 'o');
        const auto inner = [](std::string* text_out) -> Task<> {
          const Mark mark(text_out, 'i');
          Channel<int> ch;
          (void)co_await ch.receive();
          *text_out += "resumed";
        };
        co_await inner(out);
        *out += "resumed";
      },
      &text);
  leak(cancel);
  (void)reap(loop);
  poll();
  EXPECT_EQ(text, "io");
}

TEST_F(ReaperTest, SparesOwnedTasksAndOrphansWithinGrace) {
  auto [alive, keep] = with_cancel(root());
  auto [ended, end] = with_cancel(root());
  const auto wait_for_ever = [](Context, Channel<int> ch) -> Task<> { (void)co_await ch.receive(); };
  Channel<int> ch;
  start_under(alive, wait_for_ever, ch);
  start_under(ended, wait_for_ever, ch);
  end();
  advance(999ms);
  EXPECT_EQ(reap(loop).ended, 0u);
  advance(1ms);
  EXPECT_EQ(reap(loop).ended, 1u);
  EXPECT_EQ(live_tasks(loop), 1u);
  ch.close();
}

TEST_F(ReaperTest, ReapsOldestMatchingTasksUpToLimit) {
  auto [ctx, cancel] = with_cancel(root());
  Channel<int> ch;
  for (const char* name : {"first", "other", "second", "third"}) {
    const auto make = [](Channel<int> c) -> Task<> { (void)co_await c.receive(); };
    go(ctx, make(ch), name);
  }
  poll();
  leak(cancel);
  TaskFilter filter;
  filter.name = "ir";
  filter.limit = 1;
  EXPECT_EQ(reap(loop, filter).ended, 1u);
  filter.limit = SIZE_MAX;
  EXPECT_EQ(reap(loop, filter).ended, 1u);
  filter.name = "s";
  filter.min_age = 1h;
  EXPECT_EQ(reap(loop, filter).ended, 0u);
  std::string left;
  for (const TaskInfo& task : snapshot(loop)) left += task.name + " ";
  EXPECT_EQ(left, "other second ");
  EXPECT_EQ(reap(loop).ended, 2u);
}

TEST_F(ReaperTest, EndsTaskIgnoringErrorsInLoop) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(ctx, [](Context) -> Task<> {
    Channel<int> ch;
    for (;;) (void)co_await select(ch.receive(), sleep(1s));
  });
  leak(cancel);
  advance(5s);
  EXPECT_EQ(reap(loop).ended, 1u);
}

TEST_F(ReaperTest, EndsTasksOfScopeWithItsHolder) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(ctx, [](Context c) -> Task<> {
    Scope s(c);
    const auto child = [](Counted) -> Task<> {
      Channel<int> ch;
      (void)co_await ch.receive();
    };
    Counted one(1);
    Counted two(2);
    s.go(child(std::move(one)));
    s.go(child(std::move(two)));
    (void)co_await s.join();
  });
  leak(cancel);
  EXPECT_EQ(reap(loop).ended, 3u);
  EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ReaperTest, ScopeContinuesAfterReapedTask) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context c, std::string* out) -> Task<> {
        Scope s(c);
        const auto child = []() -> Task<> {
          Channel<int> ch;
          (void)co_await ch.receive();
        };
        s.go(child(), "child");
        (void)co_await s.join();
        *out += "joined";
      },
      &text);
  leak(cancel);
  TaskFilter filter;
  filter.name = "child";
  EXPECT_EQ(reap(loop, filter).ended, 1u);
  poll();
  EXPECT_EQ(text, "joined");
}

TEST_F(ReaperTest, ReapsTaskAndCancelsItsOperationInFlight) {
  auto [ctx, cancel] = with_cancel(root());
  start_under(
      ctx,
      [](Context, Loop* l) -> Task<> {
        const Counted held(1);
        asio::steady_timer timer(l->io(), 1h);
        (void)co_await timer.async_wait(via(l->background()));
      },
      &loop);
  leak(cancel);
  EXPECT_EQ(reap(loop).ended, 1u);
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_TRUE(eventually([&] { return io.poll() == 0; }));
}

TEST_F(ReaperTest, ReapsTaskWithUndeliveredCompletion) {
  auto [ctx, cancel] = with_cancel(root());
  Deaf deaf;
  std::string text;
  start_under(
      ctx,
      [](Context c, Deaf* operation, std::string* out) -> Task<> {
        const Mark mark(out, 'd');
        (void)co_await operation->async_wait(c);
        *out += "resumed";
      },
      &deaf, &text);
  leak(cancel);
  Reaped reaped;
  start(
      [](Context, Loop* l, Deaf* operation, Reaped* out) -> Task<> {
        operation->complete();  // inside a turn: the other task is ready, and runs after this one
        *out = reap(*l);
        co_return;
      },
      &loop, &deaf, &reaped);
  EXPECT_EQ(reaped.ended, 1u);
  EXPECT_EQ(text, "d");
}

TEST_F(ReaperTest, WaitsForUncancelableOperation) {
  auto [ctx, cancel] = with_cancel(root());
  Deaf deaf;
  std::string text;
  start_under(
      ctx,
      [](Context c, Deaf* operation, std::string* out) -> Task<> {
        const Mark mark(out, 'd');
        (void)co_await operation->async_wait(c);
        *out += "resumed";
      },
      &deaf, &text);
  leak(cancel);
  const std::vector<TaskInfo> tasks = snapshot(loop);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_TRUE(tasks[0].uncancellable);
  EXPECT_NE(to_text(tasks[0]).find("cannot be canceled"), std::string::npos);
  std::uint64_t counted = 0;
  for (const SiteMetrics& site : loop.metrics()->sites()) counted += site.uncancellable.get();
  EXPECT_EQ(counted, 1u);

  const Reaped reaped = reap(loop);
  EXPECT_EQ(reaped.ended, 0u);
  EXPECT_EQ(reaped.waiting, 1u);
  EXPECT_EQ(reap(loop).waiting, 0u) << "told once";
  EXPECT_EQ(live_tasks(loop), 1u);
  deaf.complete();
  poll();
  EXPECT_EQ(text, "d");
  EXPECT_EQ(finished(Outcome::reaped), 1u);
}

TEST_F(ReaperTest, ScopeHolderWaitsForAllUncancelableOperations) {
  auto [ctx, cancel] = with_cancel(root());
  Deaf first, second;
  start_under(
      ctx,
      [](Context c, Deaf* a, Deaf* b) -> Task<> {
        const auto on = [](Context context, Deaf* operation, Counted) -> Task<> {
          (void)co_await operation->async_wait(context);
        };
        const Counted lent(1);
        Scope s(c);
        s.go(on(s.ctx(), a, Counted(2)));
        s.go(on(s.ctx(), b, Counted(3)));
        (void)co_await s.join();
      },
      &first, &second);
  leak(cancel);
  TaskFilter holder;
  holder.name = "test";
  const Reaped reaped = reap(loop, holder);
  EXPECT_EQ(reaped.ended, 0u);
  EXPECT_EQ(reaped.waiting, 1u);
  first.complete();
  poll();
  EXPECT_EQ(live_tasks(loop), 2u) << "the other one may refer to the holder's frame";
  EXPECT_EQ(Counted::alive, 2);
  second.complete();
  poll();
  EXPECT_EQ(live_tasks(loop), 0u);
  EXPECT_EQ(Counted::alive, 0);
  EXPECT_EQ(finished(Outcome::reaped), 3u);
}

TEST_F(ReaperTest, ATaskMayReapItself) {
  auto [ctx, cancel] = with_cancel(root());
  std::string text;
  start_under(
      ctx,
      [](Context, Loop* l, std::string* out) -> Task<> {
        const Mark mark(out, 'd');
        (void)co_await sleep(2s);
        (void)reap(*l);
        *out += "goes on to its next wait, ";
        (void)co_await sleep(1s);
        *out += "resumed";
      },
      &loop, &text);
  leak(cancel);
  advance(1s);
  EXPECT_EQ(text, "goes on to its next wait, d");
}

class AutomaticReaperTest : public testing::LoopFixture {
 protected:
  AutomaticReaperTest()
      : LoopFixture([] {
          LoopOptions options;
          options.reap_after = 5s;
          return options;
        }()) {}
};

TEST_F(AutomaticReaperTest, ReapsWhenTheAgeIsReachedAndNotBefore) {
  auto [ctx, cancel] = with_cancel(root());
  const auto wait_for_ever = [](Context) -> Task<> {
    Channel<int> ch;
    (void)co_await ch.receive();
  };
  start_under(ctx, wait_for_ever);
  start_under(ctx, wait_for_ever);
  cancel();
  advance(1s);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u) << "its own timers are not counted";
  advance(3999ms);
  EXPECT_EQ(live_tasks(loop), 2u);
  advance(1ms);
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(AutomaticReaperTest, ReapsEachTaskAtItsOwnTime) {
  const auto wait_for_ever = [](Context) -> Task<> {
    Channel<int> ch;
    (void)co_await ch.receive();
  };
  for (int i = 0; i < 2; ++i) {
    auto [ctx, cancel] = with_cancel(root());
    start_under(ctx, wait_for_ever);
    poll();
    cancel();
    if (i == 0) advance(3s);
  }
  advance(2s);
  EXPECT_EQ(live_tasks(loop), 1u);
  advance(2999ms);
  EXPECT_EQ(live_tasks(loop), 1u);
  advance(1ms);
  EXPECT_EQ(live_tasks(loop), 0u);
  std::uint64_t leaks = 0, reaped = 0;
  for (const SiteMetrics& site : loop.metrics()->sites()) {
    leaks += site.leaks.get();
    reaped += site.leaks_reaped.get();
  }
  EXPECT_EQ(leaks, 2u);
  EXPECT_EQ(reaped, 2u);
}

TEST(AutomaticReaperOnTheSteadyClock, KeepsTasksBoundedAndIsNoDeadlock) {
  asio::io_context io{1};
  LoopOptions options;
  options.grace = 1ms;
  options.reap_after = 2ms;
  Loop loop{io, options};
  {
    auto [ctx, cancel] = with_cancel(loop.background());
    const auto wait_for_ever = []() -> Task<> {
      Channel<int> ch;
      (void)co_await ch.receive();
    };
    for (int i = 0; i < 100; ++i) go(ctx, wait_for_ever());
  }
  const auto ran = loop.run();
  EXPECT_TRUE(ran) << ran.error().message();
  EXPECT_EQ(live_tasks(loop), 0u);
}

}  // namespace
}  // namespace leash
