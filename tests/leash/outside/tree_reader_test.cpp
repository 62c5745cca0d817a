// SPDX-License-Identifier: BSL-1.0
#include "leash/src/outside/tree_reader.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <optional>
#include <string>
#include <vector>

#include "leash/channel.hpp"
#include "leash/gtest.hpp"
#include "leash/scope.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Task<> wait_on(Channel<int> ch) { (void)co_await ch.receive(); }
Task<> join_two(Context ctx, Channel<int> ch) {
  Scope scope(ctx);
  scope.go(wait_on(ch), "first");
  scope.go(wait_on(ch), "second");
  (void)co_await scope.join();
}

// Joins a scope that another task holds.
Task<> join_of(Scope& scope, Channel<int> may_join) {
  (void)co_await may_join.receive();
  (void)co_await scope.join();
}

class TreeTest : public testing::LoopFixture {
 protected:
  // Without line numbers, which change, and without the loops that other tests keep in static variables.
  static std::string text() {
    Tree tree = tree_of_process();
    std::erase_if(tree.loops, [](const TreeNode& loop) { return loop.children.empty(); });
    std::string text = to_text(tree);
    const std::string file = "tree_reader_test.cpp:";
    for (std::size_t at = 0; (at = text.find(file, at)) != std::string::npos;) {
      at += file.size();
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') text.erase(at, 1);
    }
    return text;
  }
  void TearDown() override {
    ch.close();
    LoopFixture::TearDown();
  }
  Channel<int> ch;
};

TEST_F(TreeTest, HasContextsScopesAndTasks) {
  auto [request, cancel] = with_cancel(root(), {"request", 918, Role::request});
  go(request, join_two(request, ch), "handler");
  for (int i = 0; i < 3; ++i) go(root(), wait_on(ch), "worker");
  poll();
  EXPECT_EQ(
      text(),
      "loop \"loop\"\n"
      "  3 tasks like task 2 \"worker\" [chan receive, 0ms] detached, started at "
      "tests/leash/outside/tree_reader_test.cpp:\n"
      "  context \"request 918\", made at tests/leash/outside/tree_reader_test.cpp:\n"
      "    task 1 \"handler\" [wait group, 0ms] owned, started at tests/leash/outside/tree_reader_test.cpp:, "
      "joins task 5, 6\n"
      "    scope of task 1, made at tests/leash/outside/tree_reader_test.cpp:\n"
      "      task 5 \"first\" [chan receive, 0ms] owned, started at "
      "tests/leash/outside/tree_reader_test.cpp:\n"
      "      task 6 \"second\" [chan receive, 0ms] owned, started at "
      "tests/leash/outside/tree_reader_test.cpp:\n");
}

TEST_F(TreeTest, ShowsDoneContextHeldByTask) {
  auto [request, cancel] = with_cancel(root(), Label("request", 7));
  go(request, wait_on(ch));
  poll();
  cancel(make_error_code(errc::disconnected));
  EXPECT_NE(text().find("context \"request 7\" done 0ms ago (client disconnected), made at"),
            std::string::npos)
      << text();
}

TEST_F(TreeTest, ShowsDeadlinesOfContexts) {
  auto [request, cancel] = with_timeout(root(), 30s, {}, Label("request", 7));
  auto [call, cancel_call] = with_cancel(request, Label("call"));
  go(call, wait_on(ch));
  poll();
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("context \"request 7\" [deadline in 30.0s], made at"));
  EXPECT_THAT(shown, HasSubstr("context \"call\", made at")) << "it has its parent's";
}

TEST_F(TreeTest, ShowsPassedDeadlineOfStuckLoop) {
  auto [request, cancel] = with_timeout(root(), 3s, {}, Label("request", 7));
  go(request, wait_on(ch));
  poll();
  clock.advance(5s);
  go(root(), wait_on(ch));  // the latest known time
  EXPECT_THAT(text(), HasSubstr("context \"request 7\" [deadline 2.0s ago], made at"));
}

Task<> keep_a_context(Context connection, std::optional<Cancelable>& kept) {
  kept = with_timeout(connection, 1h, {}, Label("kept"));
  co_return;
}

TEST_F(TreeTest, NamesOutlivedContexts) {
  auto [connection, close] = with_cancel(root(), Label("connection", 1));
  std::optional<Cancelable> kept;
  {
    auto [request, end_request] = with_cancel(connection, Label("request", 918));
    go(request, keep_a_context(connection, kept));
    poll();
    end_request(make_error_code(errc::disconnected));
  }
  advance(3s);
  go(root(), wait_on(ch));  // the latest known time
  poll();
  EXPECT_THAT(text(),
              HasSubstr("\n    context \"kept\" [deadline in 60.0m] outlived: request 918 ended 3.0s ago "
                        "(client disconnected), made at tests/leash/outside/tree_reader_test.cpp:\n"));
}

TEST_F(TreeTest, NamesTheRunningTask) {
  start([](Context) -> Task<> {
    EXPECT_THAT(text(), HasSubstr("\n  task 1 \"test\" [running in loop \"loop\"] detached, started at"));
    co_return;
  });
}

TEST_F(TreeTest, NamesTasksJoiningEachOther) {
  asio::io_context own_io{1};
  std::optional<Loop> own(std::in_place, own_io, LoopOptions{.name = "cycle"});
  {
    Channel<int> may_join;
    Scope one(own->background());
    Scope two(own->background());
    one.go(join_of(two, may_join), "in one");
    two.go(join_of(one, may_join), "in two");
    own_io.poll();
    EXPECT_EQ(tree_of_process().cycles.size(), 0u) << "not yet";
    may_join.close();
    own_io.restart();
    own_io.poll();
    const Tree tree = tree_of_process();
    EXPECT_EQ(tree.cycles.size(), 1u) << to_text(tree);
    EXPECT_EQ(tree.cycles.at(0).tasks, (std::vector<std::uint64_t>{1, 2}));
    EXPECT_TRUE(to_text(tree).starts_with(
        "cycle of waits in loop \"cycle\": task 1 joins task 2, which joins task 1\n"))
        << to_text(tree);
    expect_leaks();  // only the end of the loop ends them
    own.reset();
  }
}

TEST_F(TreeTest, ShowsEachTaskThatHoldsScope) {
  const auto hold = [](Context ctx, Channel<int> until) -> Task<> {
    Scope scope(ctx);
    scope.go(wait_on(until));
    (void)co_await until.receive();
    (void)co_await scope.join();
  };
  for (int i = 0; i < 2; ++i) go(root(), hold(root(), ch), "holder");
  poll();
  const Tree tree = tree_of_process();
  EXPECT_EQ(std::ranges::count(tree.loops.back().children, "holder", &TreeNode::name), 2) << to_text(tree);
}

TEST_F(TreeTest, ReportsNumberOfOmittedTasks) {
  for (int i = 0; i < 5; ++i) go(root(), wait_on(ch), "worker");
  poll();
  const Tree tree = tree_of_process(3);
  EXPECT_EQ(tree.remarks, std::vector<std::string>{"2 more tasks are left out"});
  EXPECT_EQ(tree.loops.back().children.at(0).count, 3u);
}

}  // namespace
}  // namespace leash
