// SPDX-License-Identifier: BSL-1.0
#include "leash/scope.hpp"

#include <asio/post.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "leash/channel.hpp"
#include "leash/done.hpp"
#include "leash/sleep.hpp"
#include "tests/support/loop_fixture.hpp"
#include "tests/support/mark.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<Scope> && !std::is_move_constructible_v<Scope>);

const std::error_code broken = std::make_error_code(std::errc::io_error);
const std::error_code broken_too = std::make_error_code(std::errc::protocol_error);

// What a join returned, or threw.
struct Joined {
  std::optional<Result<>> result;
  std::string thrown;
  bool succeeded() const { return result && *result; }
  std::error_code error() const { return result && !*result ? result->error() : std::error_code{}; }
};

Task<> parked(std::string* text, const char* name, Channel<int> ch) {
  const testing::Mark mark(text, name);
  (void)co_await ch.receive();
}
Task<Result<>> until_told(Context ctx, std::error_code* cause) {
  co_await ctx.done();
  *cause = ctx.cause();
  co_return std::unexpected(ctx.err());
}
Task<Result<>> fails_after(Channel<int> go_on, std::error_code error) {
  (void)co_await go_on.receive();
  co_return std::unexpected(error);
}
Task<> throws_after(Channel<int> go_on, const char* text) {
  (void)co_await go_on.receive();
  throw std::runtime_error(text);
}
Task<> sleeps(Context ctx, Duration duration) { (void)co_await sleep(ctx, duration); }
Task<> join(Scope* s, Joined* out) {
  try {
    const Result<> r = co_await s->join();
    *out = {r, {}};
  } catch (const std::exception& e) {
    *out = {{}, e.what()};
  }
}

class ScopeTest : public testing::LoopFixture {
 protected:
  std::uint64_t finished(Outcome outcome) const {
    std::uint64_t sum = 0;
    for (const SiteMetrics& site : loop.metrics()->sites()) {
      sum += site.finished[static_cast<std::size_t>(outcome)].get();
    }
    return sum;
  }
  Channel<int> never;
};

TEST_F(ScopeTest, JoinReturnsAfterTheLastTaskHasEnded) {
  Joined joined;
  start(
      [](Context ctx, Joined* out) -> Task<> {
        Scope s(ctx);
        for (const Duration d : {3s, 1s, 2s}) s.go(sleeps(s.ctx(), d));
        co_await join(&s, out);
      },
      &joined);
  advance(1s);
  advance(1s);
  EXPECT_FALSE(joined.result);
  advance(1s);
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, AnEmptyScopeJoinsAtOnce) {
  Joined joined;
  start(
      [](Context ctx, Joined* out) -> Task<> {
        Scope s(ctx);
        co_await join(&s, out);
      },
      &joined);
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, JoinsOfEmptyScopesDoNotStarveOtherHandlers) {
  bool stop = false;
  long turns = 0;
  go(root(), [](Context ctx, bool* s, long* count) -> Task<> {
    while (!*s && *count < 1'000'000) {
      Scope scope(ctx);
      (void)co_await scope.join();
      ++*count;
    }
  }(root(), &stop, &turns));
  asio::post(io, [&] { asio::post(io, [&] { stop = true; }); });
  poll();
  EXPECT_LT(turns, 1'000'000);
}

TEST_F(ScopeTest, TheFirstErrorCancelsTheSiblingsAndIsReturned) {
  Channel<int> first, second;
  Joined joined;
  std::error_code cause;
  start(
      [](Context ctx, Channel<int> a, Channel<int> b, std::error_code* c, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(until_told(s.ctx(), c));
        s.go(fails_after(a, broken));
        s.go(fails_after(b, broken_too));
        co_await join(&s, out);
      },
      first, second, &cause, &joined);
  EXPECT_TRUE(first.try_send(1));
  poll();
  EXPECT_EQ(cause, broken) << "the siblings are told why";
  EXPECT_FALSE(joined.result) << "one is still alive";
  EXPECT_TRUE(second.try_send(1));
  poll();
  EXPECT_EQ(joined.error(), broken) << "the first one counts";
}

TEST_F(ScopeTest, AnExceptionCancelsTheSiblingsAndIsRethrown) {
  expect_exceptions();
  Channel<int> first, second, third;
  Joined joined;
  std::error_code cause;
  start(
      [](Context ctx, Channel<int> a, Channel<int> b, Channel<int> c, std::error_code* told,
         Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(until_told(s.ctx(), told));
        s.go(throws_after(a, "first"));
        s.go(throws_after(b, "second"));
        s.go(fails_after(c, broken));
        co_await join(&s, out);
      },
      first, second, third, &cause, &joined);
  for (const Channel<int>& each : {first, second, third}) {
    EXPECT_TRUE(each.try_send(1));
    poll();
  }
  EXPECT_EQ(cause, errc::canceled);
  EXPECT_EQ(joined.thrown, "first");
  ASSERT_EQ(exceptions.size(), 1u) << "the first one went to the scope and nowhere else";
  EXPECT_EQ(what(exceptions[0]), "second");
}

TEST_F(ScopeTest, JoinReturnsFirstErrorAndLoopGetsLaterException) {
  expect_exceptions();
  Channel<int> first, second;
  Joined joined;
  start(
      [](Context ctx, Channel<int> a, Channel<int> b, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(fails_after(a, broken));
        s.go(throws_after(b, "later"));
        co_await join(&s, out);
      },
      first, second, &joined);
  EXPECT_TRUE(first.try_send(1));
  EXPECT_TRUE(second.try_send(1));
  poll();
  EXPECT_EQ(joined.error(), broken);
  EXPECT_EQ(joined.thrown, "");
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "later");
}

TEST_F(ScopeTest, TheLoopHearsOfASecondException) {
  expect_exceptions();
  Channel<int> first, second;
  Joined joined;
  start(
      [](Context ctx, Channel<int> a, Channel<int> b, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(throws_after(a, "one"));
        s.go(throws_after(b, "two"), "second");
        co_await join(&s, out);
      },
      first, second, &joined);
  EXPECT_TRUE(first.try_send(1));
  EXPECT_TRUE(second.try_send(1));
  poll();
  EXPECT_EQ(joined.thrown, "one");
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "two");
  EXPECT_EQ(exception_tasks[0], "second");
}

TEST_F(ScopeTest, LoopReceivesUnjoinedException) {
  expect_exceptions();
  Channel<int> first;
  start(
      [](Context ctx, Channel<int> a) -> Task<> {
        Scope s(ctx);
        s.go(throws_after(a, "unheard"));
        co_await s.ctx().done();
      },
      first);
  EXPECT_TRUE(first.try_send(1));
  poll();
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "unheard");
}

TEST_F(ScopeTest, CancellationErrorCountsWithoutCancel) {
  Channel<int> ch;
  Joined joined;
  start(
      [](Context ctx, Channel<int> a, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(fails_after(a, errc::deadline_exceeded));  // of some deadline of its own
        co_await join(&s, out);
      },
      ch, &joined);
  EXPECT_TRUE(ch.try_send(1));
  poll();
  EXPECT_EQ(joined.error(), errc::deadline_exceeded);
}

TEST_F(ScopeTest, JoinAfterCancelIgnoresErrorsCausedByIt) {
  Joined joined;
  std::error_code cause;
  start(
      [](Context ctx, std::error_code* c, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(until_told(s.ctx(), c));
        s.go(sleeps(s.ctx(), 1h));
        s.cancel(errc::finished);
        s.cancel(broken);  // the first one counts
        EXPECT_EQ(s.live(), 2u);
        co_await join(&s, out);
        EXPECT_EQ(s.live(), 0u);
        EXPECT_EQ(s.ctx().err(), errc::canceled);
      },
      &cause, &joined);
  EXPECT_EQ(cause, errc::finished);
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, AFailureAfterCancelCounts) {
  Channel<int> ch;
  Joined joined;
  start(
      [](Context ctx, Channel<int> a, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(fails_after(a, broken));
        s.cancel();
        co_await join(&s, out);
      },
      ch, &joined);
  EXPECT_FALSE(joined.result);
  EXPECT_TRUE(ch.try_send(1));
  poll();
  EXPECT_EQ(joined.error(), broken);
}

TEST_F(ScopeTest, ATaskMayCancelItsOwnScope) {
  Joined joined;
  start(
      [](Context ctx, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(sleeps(s.ctx(), 1h));
        s.go([](Scope* scope) -> Task<> {
          scope->cancel();
          co_return;
        }(&s));
        co_await join(&s, out);
      },
      &joined);
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, TheEndOfTheContextCancelsTheTasksAndIsReturned) {
  auto [parent, cancel] = with_cancel(root());
  auto [timed, cancel_timed] = with_timeout(root(), 1s);
  Joined canceled, late;
  std::error_code cause, late_cause;
  const auto run = [](Context ctx, std::error_code* c, Joined* out) -> Task<> {
    Scope s(ctx);
    s.go(until_told(s.ctx(), c));
    co_await join(&s, out);
  };
  start_under(parent, run, &cause, &canceled);
  start_under(timed, run, &late_cause, &late);
  cancel(broken);
  poll();
  EXPECT_EQ(canceled.error(), errc::canceled);
  EXPECT_EQ(cause, broken);
  EXPECT_FALSE(late.result);
  advance(1s);
  EXPECT_EQ(late.error(), errc::deadline_exceeded);
  EXPECT_EQ(late_cause, errc::deadline_exceeded);
}

TEST_F(ScopeTest, JoinReturnsContextEndDespiteErrorFreeTasks) {
  auto [parent, cancel] = with_cancel(root());
  Joined joined;
  start_under(
      parent,
      [](Context ctx, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(sleeps(s.ctx(), 1h));
        co_await join(&s, out);
      },
      &joined);
  cancel();
  poll();
  EXPECT_EQ(joined.error(), errc::canceled);
}

TEST_F(ScopeTest, TheEndOfTheContextAfterTheLastTaskDoesNotCount) {
  auto [parent, cancel] = with_cancel(root());
  Channel<int> ch;
  Joined joined;
  start_under(
      parent,
      [](Context ctx, Channel<int> c, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go([]() -> Task<> { co_return; }());
        (void)co_await c.receive();
        co_await join(&s, out);
      },
      ch, &joined);
  cancel();
  EXPECT_TRUE(ch.try_send(1));
  poll();
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, StartsTasksUnderDoneContextAndJoinsWithItsError) {
  auto [parent, cancel] = with_cancel(root());
  cancel(broken);
  Joined joined, empty;
  std::error_code cause;
  start_under(
      parent,
      [](Context ctx, std::error_code* c, Joined* with_tasks, Joined* without) -> Task<> {
        Scope s(ctx);
        Scope nothing(ctx);
        s.go(until_told(s.ctx(), c));
        co_await join(&s, with_tasks);
        co_await join(&nothing, without);
      },
      &cause, &joined, &empty);
  EXPECT_EQ(cause, broken);
  EXPECT_EQ(joined.error(), errc::canceled);
  EXPECT_TRUE(empty.succeeded()) << "it stopped nothing";
}

TEST_F(ScopeTest, UnjoinedScopeDestroysNewestTasksFirstAtOnce) {
  std::string text;
  start(
      [](Context ctx, std::string* t, Channel<int> ch) -> Task<> {
        {
          Scope s(ctx);
          for (const char* name : {"a", "b", "c"}) s.go(parked(t, name, ch));
          (void)co_await sleep(ctx, 1s);
        }
        *t += "|";
        (void)co_await ch.receive(ctx);
      },
      &text, never);
  EXPECT_EQ(live_tasks(loop), 4u);
  advance(1s);
  EXPECT_EQ(text, "cba|");
  EXPECT_EQ(live_tasks(loop), 1u);
  EXPECT_EQ(finished(Outcome::reaped), 3u);
  never.close();
}

TEST_F(ScopeTest, UnjoinedScopeDestroysUnstartedAndReadyTasks) {
  std::string text;
  Channel<int> ch;
  start(
      [](Context ctx, std::string* t, Channel<int> c) -> Task<> {
        Scope s(ctx);
        s.go(parked(t, "ready", c));
        (void)co_await sleep(ctx, 1s);
        EXPECT_TRUE(c.try_send(1));  // it would go on in this turn
        s.go(parked(t, "new", c));
      },
      &text, ch);
  advance(1s);
  EXPECT_EQ(text, "ready") << "a frame that never ran has no locals";
  EXPECT_EQ(finished(Outcome::reaped), 2u);
}

TEST_F(ScopeTest, UnjoinedScopeEndsItsContextForOutsideTasks) {
  std::error_code cause;
  start(
      [](Context ctx, std::error_code* c) -> Task<> {
        Scope s(ctx);
        go(ctx, [](Context watched, std::error_code* out) -> Task<> {
          co_await watched.done();
          *out = watched.cause();
        }(s.ctx(), c));
        co_return;
      },
      &cause);
  EXPECT_EQ(cause, errc::finished) << "it had no tasks left to cancel";
}

TEST_F(ScopeTest, AnExceptionOnItsWayThroughAScopeDestroysTheTasks) {
  std::string text;
  start(
      [](Context ctx, std::string* t, Channel<int> ch) -> Task<> {
        try {
          Scope s(ctx);
          s.go(parked(t, "a", ch));
          (void)co_await sleep(ctx, 1s);
          throw std::runtime_error("x");
        } catch (const std::runtime_error& e) {
          *t += e.what();
        }
      },
      &text, never);
  advance(1s);
  EXPECT_EQ(text, "ax");
}

Task<Result<>> inner_scope(Context ctx, std::string* text, Channel<int> go_on) {
  const testing::Mark mark(text, "inner ");
  Scope s(ctx);
  s.go(fails_after(go_on, broken));
  s.go(sleeps(s.ctx(), 1h));
  const Result<> r = co_await s.join();
  *text += r ? "joined " : "failed ";
  co_return r;
}

TEST_F(ScopeTest, AnErrorGoesUpThroughNestedScopes) {
  std::string text;
  Channel<int> ch;
  Joined joined;
  start(
      [](Context ctx, std::string* t, Channel<int> c, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(inner_scope(s.ctx(), t, c));
        s.go(sleeps(s.ctx(), 1h));
        co_await join(&s, out);
      },
      &text, ch, &joined);
  EXPECT_EQ(live_tasks(loop), 5u);
  EXPECT_TRUE(ch.try_send(1));
  poll();
  EXPECT_EQ(text, "failed inner ");
  EXPECT_EQ(joined.error(), broken);
}

TEST_F(ScopeTest, ACancelGoesDownThroughNestedScopes) {
  std::string text;
  Joined joined;
  Channel<int> ch;
  start(
      [](Context ctx, std::string* t, Channel<int> c, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(inner_scope(s.ctx(), t, c));
        (void)co_await sleep(ctx, 1s);
        s.cancel();
        c.close();  // the one that does not listen fails later: the end of its context came first
        co_await join(&s, out);
      },
      &text, ch, &joined);
  advance(1s);
  EXPECT_EQ(text, "failed inner ");
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, AnUnjoinedScopeDestroysTheScopesInItsTasks) {
  std::string text;
  Channel<int> ch;
  start(
      [](Context ctx, std::string* t, Channel<int> c) -> Task<> {
        Scope s(ctx);
        s.go(inner_scope(s.ctx(), t, c));
        (void)co_await sleep(ctx, 1s);
      },
      &text, ch);
  EXPECT_EQ(live_tasks(loop), 4u);
  advance(1s);
  EXPECT_EQ(text, "inner ") << "its join was not resumed";
  EXPECT_EQ(live_tasks(loop), 0u);
}

TEST_F(ScopeTest, JoinWaitsForTasksStartedByItsTasks) {
  Joined joined;
  start(
      [](Context ctx, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go([](Scope* scope) -> Task<> {
          (void)co_await sleep(scope->ctx(), 1s);
          scope->go(sleeps(scope->ctx(), 1s));
        }(&s));
        co_await join(&s, out);
      },
      &joined);
  advance(1s);
  EXPECT_FALSE(joined.result);
  advance(1s);
  EXPECT_TRUE(joined.succeeded());
}

TEST_F(ScopeTest, MayBeJoinedAgainAfterMoreTasksWereStarted) {
  Joined first, second;
  start(
      [](Context ctx, Joined* a, Joined* b) -> Task<> {
        Scope s(ctx);
        s.go(sleeps(s.ctx(), 1s));
        co_await join(&s, a);
        s.go(sleeps(s.ctx(), 1s));
        co_await join(&s, b);
      },
      &first, &second);
  advance(1s);
  EXPECT_TRUE(first.succeeded());
  EXPECT_FALSE(second.result);
  advance(1s);
  EXPECT_TRUE(second.succeeded());
}

TEST_F(ScopeTest, JoinWaitsForTaskStartedBetweenLastEndAndReturn) {
  std::string text;
  DoneSource both;
  start(
      [](Context ctx, Done wake, std::string* out) -> Task<> {
        Scope s(ctx);
        const auto first = [](Done d) -> Task<> { co_await d.wait(); };
        s.go(first(wake));
        const auto outsider = [](Done d, Scope* scope, std::string* text_out) -> Task<> {
          co_await d.wait();
          const auto second = [](Context c, std::string* written) -> Task<> {
            (void)co_await sleep(c, 1s);
            *written += "ended, ";
          };
          scope->go(second(scope->ctx(), text_out));
        };
        go(ctx, outsider(wake, &s, out));
        (void)co_await s.join();
        *out += "joined with " + std::to_string(s.live()) + " alive";
      },
      both.done(), &text);
  both.close();
  poll();
  EXPECT_EQ(text, "");
  advance(1s);
  EXPECT_EQ(text, "ended, joined with 0 alive");
}

TEST_F(ScopeTest, LiveCountsItsOwnTasksAlone) {
  std::vector<std::size_t> counts;
  start(
      [](Context ctx, std::vector<std::size_t>* out) -> Task<> {
        Scope s(ctx);
        out->push_back(s.live());
        s.go(sleeps(s.ctx(), 1s));
        s.go(sleeps(s.ctx(), 2s));
        go(s.ctx(), sleeps(s.ctx(), 2s));
        out->push_back(s.live());
        (void)co_await sleep(ctx, 1500ms);
        out->push_back(s.live());
        (void)co_await s.join();
        out->push_back(s.live());
      },
      &counts);
  advance(1s);
  advance(500ms);
  advance(500ms);
  EXPECT_EQ(counts, (std::vector<std::size_t>{0, 2, 1, 0}));
}

TEST_F(ScopeTest, JoiningTaskWaitsForWaitGroup) {
  start([](Context ctx) -> Task<> {
    Scope s(ctx);
    s.go(sleeps(s.ctx(), 1s), "sleeper");
    (void)co_await s.join();
  });
  const auto tasks = snapshot(loop);
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].wait, WaitKind::wait_group);
  EXPECT_EQ(tasks[1].name, "sleeper");
  EXPECT_EQ(tasks[1].wait, WaitKind::sleep);
  advance(1s);
}

TEST_F(ScopeTest, OutcomesAreCountedWhereATaskWasStarted) {
  Channel<int> ch;
  start([](Context ctx) -> Task<> {
    Scope s(ctx);
    s.go([]() -> Task<Result<>> { co_return std::unexpected(broken); }());
    s.go(sleeps(s.ctx(), 1h));
    (void)co_await s.join();
  });
  EXPECT_EQ(finished(Outcome::error), 1u);
  EXPECT_EQ(finished(Outcome::canceled), 1u);
  EXPECT_EQ(finished(Outcome::returned), 1u);
}

// --- told to stop, and a failure that stays ---

TEST_F(ScopeTest, EveryJoinRepeatsFirstResult) {
  Channel<int> go_on(2);
  Joined first, second;
  start(
      [](Context ctx, Channel<int> ch, Joined* a, Joined* b) -> Task<> {
        Scope s(ctx);
        s.go(throws_after(ch, "thrown"));
        co_await join(&s, a);
        s.go(sleeps(s.ctx(), 1s));
        co_await join(&s, b);
      },
      go_on, &first, &second);
  (void)go_on.try_send(0);
  poll();
  EXPECT_EQ(first.thrown, "thrown");
  EXPECT_EQ(second.thrown, "thrown");
  EXPECT_TRUE(exceptions.empty()) << "join rethrew it";
}

Task<Result<>> throws_its_error(Context ctx) {
  co_await ctx.done();
  throw std::system_error(ctx.err());
}
Task<> takes_a_value(Context ctx, Channel<int> ch) { (void)(co_await ch.receive(ctx)).value(); }
Task<> takes_a_value_or_throws(Context ctx, Channel<int> ch) {
  (void)value_or_throw(co_await ch.receive(ctx));
}
Task<Result<>> returns_the_cause(Context ctx) {
  co_await ctx.done();
  co_return std::unexpected(ctx.cause());
}

TEST_F(ScopeTest, ExceptionCausedByCancelIsNoFailure) {
  Joined joined;
  start(
      [](Context ctx, Channel<int> ch, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go(throws_its_error(s.ctx()));
        s.go(takes_a_value(s.ctx(), ch));
        s.go(takes_a_value_or_throws(s.ctx(), ch));
        s.go(returns_the_cause(s.ctx()));
        co_await sleep(1s);
        s.cancel(broken);
        co_await join(&s, out);
      },
      never, &joined);
  advance(1s);
  EXPECT_TRUE(joined.succeeded()) << joined.error().message() << joined.thrown;
  EXPECT_EQ(finished(Outcome::canceled), 4u);
  EXPECT_EQ(finished(Outcome::error), 0u);
}

TEST_F(ScopeTest, ATaskWithoutAScopeIsCanceledLikewise) {
  auto [ctx, cancel] = with_cancel(root());
  go(ctx, takes_a_value(ctx, never));
  go(ctx, throws_its_error(ctx));
  poll();
  cancel();
  poll();
  EXPECT_TRUE(exceptions.empty());
  EXPECT_EQ(finished(Outcome::canceled), 2u);
}

TEST_F(ScopeTest, CancellationThrownWithoutCancelIsFailure) {
  Joined joined;
  start(
      [](Context ctx, Joined* out) -> Task<> {
        Scope s(ctx);
        s.go([](Context) -> Task<> {
          throw std::system_error(make_error_code(errc::canceled));
          co_return;
        }(s.ctx()));
        co_await join(&s, out);
      },
      &joined);
  EXPECT_NE(joined.thrown, "");
  EXPECT_EQ(finished(Outcome::error), 1u);
}

TEST_F(ScopeTest, AFailureMayLeaveTheOthersAlone) {
  std::string text;
  go(root(), [&text](Context ctx) -> Task<> {
    Scope s(ctx, OnFailure::keep_others);
    s.go([]() -> Task<Result<>> { co_return std::unexpected(make_error_code(errc::closed)); });
    s.go([&text](Context own) -> Task<> {
      const auto slept = co_await sleep(own, 1s);
      text += slept ? "slept, " : "canceled, ";
    });
    const auto joined = co_await s.join();
    text += joined.error().message();
  });
  advance(1s);
  EXPECT_EQ(text, "slept, " + make_error_code(errc::closed).message());
}

TEST_F(ScopeTest, AJoinUnderAContextGivesUpAndTheTasksGoOn) {
  std::string text;
  go(root(), [&text](Context ctx) -> Task<> {
    Scope s(ctx);
    s.go([&text](Context own) -> Task<> {
      (void)co_await sleep(own, 3s);
      text += "slept, ";
    });
    auto [patience, cancel] = with_timeout(ctx, 1s);
    const auto first = co_await s.join(patience);
    text += first.error().message() + ", ";
    const auto again = co_await s.join(patience);
    text += again.error().message() + ", ";
    const auto last = co_await s.join(ctx);
    text += last ? "joined" : "failed";
  });
  advance(1s);
  EXPECT_EQ(text, "context deadline exceeded, context deadline exceeded, ");
  advance(2s);
  EXPECT_EQ(text, "context deadline exceeded, context deadline exceeded, slept, joined");
}

TEST_F(ScopeTest, JoinSucceedsIfItsContextEndsAfterTheTasks) {
  auto [patience, cancel] = with_cancel(root());
  Channel<int> work;
  Channel<int> orders;
  std::optional<Result<>> joined;
  go(root(), [&](Context ctx) -> Task<> {
    Scope s(ctx);
    s.go([&]() -> Task<> { (void)co_await work.receive(); });
    joined = co_await s.join(patience);
  });
  go(root(), [&]() -> Task<> {
    (void)co_await orders.receive();
    cancel();
  });
  poll();
  EXPECT_TRUE(work.try_send(1));    // the last task ends, and the one that joins becomes ready
  EXPECT_TRUE(orders.try_send(1));  // before it resumes, the context ends
  poll();
  ASSERT_TRUE(joined);
  EXPECT_TRUE(*joined);
}

TEST(ScopeDeathTest, JoinedOutsideOfATaskAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        Scope s(loop.background());
        (void)s.join().await_ready();
      },
      "co_await outside of a task");
}

TEST(ScopeDeathTest, JoinedByTwoTasksAtOnceAborts) {
  EXPECT_DEATH(
      {
        asio::io_context io{1};
        Loop loop{io};
        go(loop.background(), [](Context ctx) -> Task<> {
          Scope s(ctx);
          Joined a, b;
          s.go(sleeps(s.ctx(), 1h));
          go(ctx, join(&s, &a));
          co_await join(&s, &b);
        }(loop.background()));
        io.poll();
      },
      "two tasks join the same Scope at the same time");
}

}  // namespace
}  // namespace leash
