// SPDX-License-Identifier: BSL-1.0
#include "leash/select.hpp"

#include <array>
#include <asio/buffer.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <memory>
#include <stdexcept>
#include <string>

#include "leash/channel.hpp"
#include "leash/done.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/snapshot.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

using SelectTest = testing::LoopFixture;

static_assert(std::is_same_v<decltype(select(std::declval<Channel<int>>().receive(), sleep(1s)))::Outcome,
                             std::variant<Result<int>, std::monostate>>);

TEST_F(SelectTest, TakesTheReadyCaseAndUndoesTheOthers) {
  Channel<int> ready(1), idle, sink;
  (void)ready.try_send(4);
  int got = 0;
  start(
      [](Context ctx, Channel<int> a, Channel<int> b, Channel<int> c, int* out) -> Task<> {
        auto r = co_await select(b.receive(), a.receive(), c.send(9), ctx.done(), sleep(1h));
        *out = std::get<1>(r).value();
      },
      ready, idle, sink, &got);
  EXPECT_EQ(got, 4);
  EXPECT_FALSE(idle.try_send(1));
  EXPECT_FALSE(sink.try_receive());
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
}

TEST_F(SelectTest, FirstEventUnlinksOtherCases) {
  Channel<int> a, b, c;
  std::string text;
  start(
      [](Context ctx, Channel<int> x, Channel<int> y, Channel<int> z, std::string* out) -> Task<> {
        for (int i = 0; i < 3; ++i) {
          auto r = co_await select(x.receive(), y.receive(), z.send(9), ctx.done(), sleep(1h));
          *out += std::to_string(r.index());
        }
      },
      a, b, c, &text);
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 1u);
  EXPECT_TRUE(b.try_send(1));
  EXPECT_FALSE(a.try_send(2)) << "exactly one case is taken";
  EXPECT_FALSE(c.try_receive());
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
  poll();
  EXPECT_EQ(c.try_receive().value().value(), 9);
  EXPECT_FALSE(b.try_send(2));
  poll();
  EXPECT_EQ(text, "12");
  EXPECT_TRUE(a.try_send(3));
  advance(2h);
  EXPECT_EQ(text, "120");
}

TEST_F(SelectTest, ATimerCaseIsATimeout) {
  std::size_t index = 9;
  start(
      [](Context, std::size_t* out) -> Task<> {
        Channel<int> ch;
        auto r = co_await select(ch.receive(), sleep(1s));
        *out = r.index();
      },
      &index);
  advance(1s);
  EXPECT_EQ(index, 1u);
}

TEST_F(SelectTest, OtherwiseDoesNotWait) {
  std::string text;
  start(
      [](Context ctx, std::string* out) -> Task<> {
        Channel<int> a(1), b;
        auto nothing = co_await select(a.receive(), otherwise);
        *out += std::to_string(nothing.index());
        auto two = co_await select(a.send(1), b.receive(), otherwise);
        *out += std::to_string(two.index());
        auto three = co_await select(b.receive(), b.send(1), ctx.done(), otherwise);
        *out += std::to_string(three.index());
        auto four = co_await select(b.receive(), b.send(1), ctx.done(), a.receive(), otherwise);
        *out += std::to_string(four.index());
        auto nothing_of_four = co_await select(b.receive(), b.send(1), ctx.done(), a.receive(), otherwise);
        *out += std::to_string(nothing_of_four.index());
      },
      &text);
  EXPECT_EQ(text, "10334");
}

TEST_F(SelectTest, OtherwiseInALoopDoesNotStarveOtherHandlers) {
  bool stop = false;
  go(root(), [&stop](Context) -> Task<> {
    Channel<int> ch;
    for (int i = 0; i < 1'000'000 && !stop; ++i) (void)co_await select(ch.receive(), otherwise);
  });
  bool ran_before = false;
  asio::post(io, [&] { ran_before = live_tasks(loop) == 1; });
  asio::post(io, [&stop] { stop = true; });
  poll();
  EXPECT_TRUE(ran_before);
}

TEST_F(SelectTest, AClosedChannelIsAlwaysReady) {
  std::string text;
  start(
      [](Context, std::string* out) -> Task<> {
        Channel<int> closed, idle;
        closed.close();
        auto r = co_await select(idle.receive(), closed.receive());
        *out += std::get<1>(r).error().message() + ", ";
        auto s = co_await select(idle.receive(), closed.send(1));
        *out += std::get<1>(s).error().message();
      },
      &text);
  EXPECT_EQ(text, "channel closed, channel closed");
}

TEST_F(SelectTest, CloseWakesSelectOfSendAndReceiveOnOneChannel) {
  Channel<int> ch;
  int wakes = 0;
  start(
      [](Context, Channel<int> c, int* out) -> Task<> {
        (void)co_await select(c.receive(), c.send(1));
        ++*out;
      },
      ch, &wakes);
  EXPECT_EQ(wakes, 0) << "a task does not talk to itself";
  ch.close();
  poll();
  EXPECT_EQ(wakes, 1);
}

TEST_F(SelectTest, TwoSelectsMeet) {
  Channel<int> ch;
  int got = 0;
  for (int i = 0; i < 2; ++i) {
    go(root(), [](Channel<int> c, int* out) -> Task<> {
      auto r = co_await select(c.receive(), c.send(3));
      if (r.index() == 0) *out += std::get<0>(r).value();
    }(ch, &got));
  }
  poll();
  EXPECT_EQ(got, 3);
}

TEST_F(SelectTest, ReadyCasesAreChosenFairly) {
  // Also when some cases are not ready: the neighbor of an idle case must not get its share.
  std::array<int, 4> counts{};
  start(
      [](Context, std::array<int, 4>* out) -> Task<> {
        Channel<int> idle;
        Channel<int> a(1), b(1), c(1);
        for (int i = 0; i < 30'000; ++i) {
          (void)a.try_send(1);
          (void)b.try_send(1);
          (void)c.try_send(1);
          auto r = co_await select(idle.receive(), a.receive(), b.receive(), c.receive());
          ++(*out)[r.index()];
        }
      },
      &counts);
  EXPECT_EQ(counts[0], 0);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NEAR(counts[i], 10'000, 500);
}

TEST_F(SelectTest, DoneContextWinsOnlyAsChosenCase) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  std::array<int, 2> counts{};
  start_under(
      ctx,
      [](Context c, std::array<int, 2>* out) -> Task<> {
        Channel<int> ch(1);
        for (int i = 0; i < 1000; ++i) {
          (void)ch.try_send(1);
          auto r = co_await select(c.done(), ch.receive());
          ++(*out)[r.index()];
        }
      },
      &counts);
  EXPECT_GT(counts[0], 300);
  EXPECT_GT(counts[1], 300);
}

// A value that cannot be moved while `sharp` is set.
struct Thorny {
  Thorny() = default;
  Thorny(Thorny&&) {
    if (sharp) throw std::runtime_error("it stings");
  }
  static inline bool sharp = false;
};

TEST_F(SelectTest, ExceptionOnTakingReachesLoopAndUndoesCases) {
  expect_exceptions();
  Channel<Thorny> roses;
  Channel<int> other;
  start([](Context, Channel<Thorny> ch) -> Task<> { (void)co_await ch.send(Thorny()); }, roses);
  const auto choose = [](Context, Channel<Thorny> thorny, Channel<int> ch, bool* taken) -> Task<> {
    (void)co_await select(thorny.receive(), ch.receive());
    *taken = true;
  };
  bool taken = false;
  Thorny::sharp = true;
  start(choose, roses, other, &taken);
  Thorny::sharp = false;
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "it stings");
  EXPECT_FALSE(taken);
  EXPECT_EQ(live_tasks(loop), 1u) << "the sender still waits";
  EXPECT_FALSE(other.try_send(1)) << "nobody receives";
  start(choose, roses, other, &taken);
  EXPECT_TRUE(taken);
  EXPECT_EQ(exceptions.size(), 1u);
}

TEST_F(SelectTest, AnExceptionAfterASelectReachesTheLoop) {
  expect_exceptions();
  Channel<int> ch;
  start(
      [](Context, Channel<int> a) -> Task<> {
        const auto chosen = co_await select(a.receive(), sleep(1h));
        if (chosen.index() == 0) throw std::runtime_error("after select");
      },
      ch);
  ch.close();
  poll();
  ASSERT_EQ(exceptions.size(), 1u);
  EXPECT_EQ(what(exceptions[0]), "after select");
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
}

TEST_F(SelectTest, FourTasksSelectWithoutLosingValues) {
  Channel<int> a, b(2), results;
  long sum = 0;
  for (int t = 0; t < 4; ++t) {
    go(root(), [](Channel<int> x, Channel<int> y, int from) -> Task<> {
      for (int i = 0; i < 500; ++i) (void)co_await select(x.send(from + i), y.send(from + i));
    }(a, b, t * 500));
    go(root(), [](Channel<int> x, Channel<int> y, long* out) -> Task<> {
      for (int i = 0; i < 500; ++i) {
        auto r = co_await select(x.receive(), y.receive());
        *out += r.index() == 0 ? std::get<0>(r).value() : std::get<1>(r).value();
      }
    }(a, b, &sum));
  }
  poll();
  EXPECT_EQ(sum, 1999L * 2000 / 2);
}

using Stream = asio::local::stream_protocol::socket;

TEST_F(SelectTest, AnOperationMayBeTaken) {
  Stream near(io), far(io);
  asio::local::connect_pair(near, far);
  std::string got;
  go(root(), [&near, &got](Context ctx) -> Task<> {
    std::array<char, 16> data{};
    auto r = co_await select(sleep(1h), near.async_read_some(asio::buffer(data), via(ctx)));
    if (r.index() == 1) got.assign(data.data(), std::get<1>(r).value());
  });
  poll();
  EXPECT_EQ(got, "");
  asio::write(far, asio::buffer("hello", 5));
  EXPECT_TRUE(eventually([&] { return !got.empty(); }));
  EXPECT_EQ(got, "hello");
  EXPECT_EQ(loop.metrics()->timers_armed.get(), 0u);
}

TEST_F(SelectTest, EndsUntakenOperation) {
  Stream near(io), far(io);
  asio::local::connect_pair(near, far);
  std::size_t taken = 9, count = 9;
  go(root(), [&near, &taken, &count](Context ctx) -> Task<> {
    std::string line;  // a composed operation shrinks it when it ends
    auto r = co_await select(asio::async_read_until(near, asio::dynamic_buffer(line), '\n', via(ctx, count)),
                             sleep(1s));
    taken = r.index();
    EXPECT_EQ(line.size(), 3u);
  });
  asio::write(far, asio::buffer("abc", 3));
  poll();
  EXPECT_EQ(taken, 9u);
  advance(1s);
  EXPECT_TRUE(eventually([&] { return taken != 9; }));
  EXPECT_EQ(taken, 1u);
}

TEST_F(SelectTest, OfOperationsTheFirstIsTaken) {
  asio::steady_timer early(io, 1ms), late(io, 24h);
  std::size_t taken = 9;
  go(root(), [&](Context ctx) -> Task<> {
    auto r = co_await select(late.async_wait(via(ctx)), early.async_wait(via(ctx)));
    taken = r.index();
    EXPECT_TRUE(std::get<1>(r));
  });
  EXPECT_TRUE(eventually([&] { return taken != 9; }));
  EXPECT_EQ(taken, 1u);
  EXPECT_EQ(late.expires_at(asio::steady_timer::time_point::max()), 0u) << "it does not wait any more";
}

TEST_F(SelectTest, AnOperationEndsWithItsContext) {
  asio::steady_timer late(io, 24h);
  std::string said;
  auto made = with_cancel(root());
  go(root(), [&late, &said, ctx = made.ctx](Context) -> Task<> {
    auto r = co_await select(late.async_wait(via(ctx)), sleep(1h));
    said = std::get<0>(r).error().message();
  });
  poll();
  made.cancel();
  EXPECT_TRUE(eventually([&] { return !said.empty(); }));
  EXPECT_EQ(said, make_error_code(errc::canceled).message());
}

TEST_F(SelectTest, TakesAnOperationOfADoneContextAtOnce) {
  asio::steady_timer late(io, 24h);
  auto made = with_cancel(root());
  made.cancel();
  std::string said;
  go(root(), [&late, &said, ctx = made.ctx](Context) -> Task<> {
    auto r = co_await select(late.async_wait(via(ctx)), sleep(1h));
    said = std::get<0>(r).error().message();
  });
  poll();
  EXPECT_EQ(said, make_error_code(errc::canceled).message());
}

TEST_F(SelectTest, EndingTaskInSelectEndsItsOperation) {
  asio::steady_timer late(io, 24h);
  go(root(), [&late](Context ctx) -> Task<> {
    Scope s(ctx);
    s.go([&late](Context own) -> Task<> {
      (void)co_await select(late.async_wait(via(own)), sleep(1h));
      ADD_FAILURE() << "it was resumed";
    });
    co_await sleep(1s);
  });
  advance(1s);
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
}

TEST_F(SelectTest, ReportsNameTheLineOfASelectWithOperations) {
  keep_leaks();
  asio::steady_timer late(io, 24h);
  unsigned line = 0;
  go(root(), [&late, &line](Context ctx) -> Task<> {
    line = __LINE__ + 1;
    (void)co_await select(late.async_wait(via(ctx)), sleep(1h));
  });
  poll();
  const TaskInfo task = snapshot(loop).at(0);
  EXPECT_EQ(task.wait, WaitKind::select);
  ASSERT_EQ(task.frames.size(), 1u);
  EXPECT_EQ(task.frames[0].line, line);
  loop.drain();
  EXPECT_TRUE(eventually([&] { return live_tasks(loop) == 0; }));
}

}  // namespace
}  // namespace leash
