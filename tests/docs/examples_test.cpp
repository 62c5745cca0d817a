// SPDX-License-Identifier: BSL-1.0
// The examples of docs/*.md. The documents contain the text between the marks word by word (documents_test.sh checks
// it).

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

#include "leash/channel.hpp"
#include "leash/dump.hpp"
#include "leash/every_step.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/reaper.hpp"
#include "leash/scope.hpp"
#include "leash/scoped.hpp"
#include "leash/sleep.hpp"
#include "leash/test_loop.hpp"
#include "leash/via.hpp"
#include "leash/wait_group.hpp"
#include "tests/support/loop_fixture.hpp"

namespace {

using namespace std::chrono_literals;

// [dump_on_signal]
leash::Task<> dump_on_signal(leash::Context ctx, leash::Loop& loop, asio::signal_set& signals) {
  for (;;) {
    const auto signal = co_await signals.async_wait(leash::via(ctx));
    if (!signal) co_return;
    leash::DumpOptions options;
    options.filter.state = leash::TaskState::leaked;
    leash::take_dump(loop, options, [](const leash::Dump& dump) { std::cerr << leash::to_text(dump); });
  }
}
// [/dump_on_signal]

// [reap_old_leaks]
std::size_t reap_old_leaks(leash::Loop& loop) {  // on the loop's thread
  leash::TaskFilter filter;
  filter.site = "server/patterns/";
  filter.min_age = 10min;
  return leash::reap(loop, filter).ended;
}
// [/reap_old_leaks]

leash::Task<> wait_for_ever() {
  leash::Channel<int> ch;
  (void)co_await ch.receive();
}

class Examples : public leash::testing::LoopFixture {
 protected:
  void leak_one() {
    auto [ctx, cancel] = leash::with_cancel(root());
    leash::go(ctx, wait_for_ever(), "forgotten");
    poll();
    cancel();
    advance(1s);
  }
};

TEST_F(Examples, SignalPrintsLeakedTasks) {
  leak_one();
  std::ostringstream text;
  std::streambuf* const before = std::cerr.rdbuf(text.rdbuf());
  {
    auto [ctx, cancel] = leash::with_cancel(root());
    asio::signal_set signals(io, SIGUSR1);
    leash::go(ctx, dump_on_signal(ctx, loop, signals), "dump on signal");
    poll();
    (void)std::raise(SIGUSR1);
    EXPECT_TRUE(eventually([&] { return !text.str().empty(); }));
    cancel();
    poll();
  }
  std::cerr.rdbuf(before);
  EXPECT_NE(text.str().find("\"forgotten\" leaked"), std::string::npos) << text.str();
  EXPECT_EQ(text.str().find("dump on signal"), std::string::npos) << text.str();
  (void)leash::reap(loop);
}

TEST_F(Examples, OldLeaksOfAPlaceAreReaped) {
  leak_one();
  advance(1h);
  EXPECT_EQ(reap_old_leaks(loop), 0u) << "started in this file, not in server/patterns/";
  EXPECT_EQ(leash::reap(loop).ended, 1u);
}

TEST_F(Examples, LeaveNothingBehind) {
  // [verify_none]
  leash::LeakOptions options;
  options.ignore_name("listener").maximum_wait(5s);
  leash::verify_none(loop, options);
  // [/verify_none]
}

TEST(ExamplesOfOptions, AnAgeReapsByItself) {
  leash::ManualClock clock;
  asio::io_context io{1};
  // [reap_after]
  leash::LoopOptions options;
  options.reap_after = 10min;
  leash::Loop loop{io, std::move(options)};
  // [/reap_after]
  EXPECT_EQ(leash::live_tasks(loop), 0u);
}

struct Page {
  std::string text;
  int pictures = 0;
};
leash::Task<> load_text(leash::Context ctx, Page& page) {
  (void)co_await leash::sleep(ctx, 1s);
  page.text = "text";
}
leash::Task<leash::Result<>> load_pictures(leash::Context ctx, Page& page) {
  const auto slept = co_await leash::sleep(ctx, 2s);
  page.pictures = 3;
  co_return slept;
}

// [scoped]
leash::Task<leash::Result<>> refresh(leash::Context ctx, Page& page) {
  auto body = [&page](leash::Scope& s) -> leash::Task<> {
    s.go(load_text(s.ctx(), page));
    s.go(load_pictures(s.ctx(), page), "pictures");
    co_return;
  };
  co_return co_await leash::scoped(ctx, body);  // the first error cancels the other task, and is the result
}
// [/scoped]

TEST_F(Examples, Scoped) {
  Page page;
  leash::go(root(), [&page](leash::Context ctx) { return refresh(ctx, page); });
  advance(1s);
  advance(1s);
  EXPECT_EQ(page.text, "text");
  EXPECT_EQ(page.pictures, 3);
}

// [pipeline]
// The source. It closes its output however it ends, as `defer close(out)` does in Go.
leash::Task<> count(leash::Context ctx, leash::Channel<int> out, int last) {
  for (int n = 1; n <= last; ++n) {
    const auto sent = co_await out.send(ctx, n);
    if (!sent) break;
  }
  out.close();
}

// The middle. Its loop ends when its input is closed and empty, and then it closes its own output.
leash::Task<> square(leash::Context ctx, leash::Channel<int> in, leash::Channel<int> out) {
  while (const auto n = co_await in.receive(ctx)) {
    const auto sent = co_await out.send(ctx, *n * *n);
    if (!sent) break;
  }
  out.close();
}

// The end, in the scope that starts the other two.
leash::Task<leash::Result<int>> sum_of_squares(leash::Context ctx, int last) {
  leash::Scope s(ctx);
  leash::Channel<int> numbers;
  leash::Channel<int> squares;
  s.go(count(s.ctx(), numbers, last), "count");
  s.go(square(s.ctx(), numbers, squares), "square");
  int sum = 0;
  while (const auto n = co_await squares.receive(s.ctx())) sum += *n;
  const auto joined = co_await s.join();
  if (!joined) co_return std::unexpected(joined.error());
  co_return sum;
}
// [/pipeline]

TEST(Pipeline, EndsWhenItsSourceHasClosed) {
  leash::testing::TestLoop test;
  const auto ended = test.run([](leash::Context ctx) -> leash::Task<> {
    const auto sum = co_await sum_of_squares(ctx, 4);
    EXPECT_EQ(sum, 1 + 4 + 9 + 16);
  });
  EXPECT_TRUE(ended);
}

TEST(Pipeline, EndsWhereverItIsCanceled) {
  const int steps = leash::testing::every_step([](leash::Context ctx) -> leash::Task<> {
    const auto sum = co_await sum_of_squares(ctx, 4);
    EXPECT_TRUE(sum || sum.error() == leash::errc::canceled);
  });
  EXPECT_GT(steps, 4);
}

// [wait_group_in_a_test]
leash::Task<> work(leash::Context ctx, leash::WaitGroup group, int& ended) {
  co_await leash::sleep(ctx, 3s);
  ++ended;
  group.done();
}

TEST(Counting, WaitsForTheLastTask) {
  leash::testing::TestLoop test;
  const auto finished = test.run([](leash::Context ctx) -> leash::Task<> {
    leash::WaitGroup group;
    int ended = 0;
    for (int i = 0; i < 3; ++i) {
      group.add();
      leash::go(ctx, work(ctx, group, ended));
    }
    // a guess: co_await leash::sleep(5s);
    co_await group.wait();  // exact: it returns when the third task has called done()
    EXPECT_EQ(ended, 3);
  });
  EXPECT_TRUE(finished);
}
// [/wait_group_in_a_test]

TEST(MoreExamples, LeakCheck) {
  const auto run_the_test = [] {
    asio::io_context io{1};
    const leash::Loop loop{io};
  };
#define REQUIRE(condition) EXPECT_TRUE(condition)
  // [leak_check]
  leash::LeakCheck check;  // of all loops of the process, from here on
  run_the_test();
  REQUIRE(check.find() == "");  // else it says which tasks are left, and where they wait
  // [/leak_check]
}

TEST(MoreExamples, EveryStep) {
  // [every_step]
  const int steps = leash::testing::every_step([](leash::Context ctx) -> leash::Task<> {
    leash::Channel<int> numbers(1);
    (void)co_await numbers.send(ctx, 1);
    (void)co_await numbers.receive(ctx);
  });
  // [/every_step]
  EXPECT_GE(steps, 1);
}

TEST(MoreExamples, TestLoop) {
  // [test_loop]
  leash::testing::TestLoop test;
  const auto ended = test.run([&test](leash::Context ctx) -> leash::Task<> {
    auto [own, cancel] = leash::with_timeout(ctx, 24h);
    co_await leash::sleep(24h - 1ns);
    co_await test.settled();  // all other tasks wait (Go: synctest.Wait)
    EXPECT_FALSE(own.is_done());
    co_await own.done();
  });
  EXPECT_TRUE(ended);  // an error is a deadlock: nothing can wake what is left
  // [/test_loop]
}

}  // namespace
