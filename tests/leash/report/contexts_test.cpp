// SPDX-License-Identifier: BSL-1.0
#include "leash/contexts.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "leash/context.hpp"
#include "leash/scope.hpp"
#include "leash/sleep.hpp"
#include "leash/task.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ContextsTest : public testing::LoopFixture {
 protected:
  static std::string text(const ContextDump& dump) {
    std::string lines;
    for (const ContextGroup& group : dump.groups) {
      lines += std::to_string(group.count) + " " + group.label;
      if (group.armed != 0) {
        lines += ", " + std::to_string(group.armed) + " armed, in " +
                 std::to_string(*group.nearest_deadline / 1s) + " to " +
                 std::to_string(*group.farthest_deadline / 1s) + " s";
      }
      lines += "\n";
    }
    return lines;
  }
};

TEST_F(ContextsTest, AreGroupedByCreationSiteAndLabel) {
  EXPECT_EQ(text(live_contexts(loop)), "");
  std::vector<Cancelable> held;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    held.push_back(with_cancel(root(), Label("request", n)));
    held.push_back(with_timeout(held.back().ctx, std::chrono::seconds(n), {}, Label("call")));
  }
  held.push_back(with_cancel(held.front().ctx, Label("part")));
  const ContextDump dump = live_contexts(loop);
  EXPECT_EQ(text(dump), "3 request\n3 call, 3 armed, in 1 to 3 s\n1 part\n");
  EXPECT_EQ(dump.live, 7u);
  EXPECT_TRUE(dump.complete);
  EXPECT_EQ(dump.groups.back().site.file, "tests/leash/report/contexts_test.cpp");
  EXPECT_NE(dump.groups.back().site.function.find("TestBody"), std::string::npos);
}

TEST_F(ContextsTest, BelowWithoutCancelAreThereToo) {
  auto [request, end_request] = with_cancel(root(), Label("request", 1));
  const Cancelable parked = with_timeout(without_cancel(request), 1h, {}, Label("parked"));
  end_request();
  const ContextDump dump = live_contexts(loop);
  EXPECT_EQ(text(dump), "1 parked, 1 armed, in 3600 to 3600 s\n");
  EXPECT_EQ(dump.live, 1u);
  EXPECT_TRUE(dump.complete);
}

TEST_F(ContextsTest, DoneContextsNameLineAndTime) {
  auto [ctx, cancel] = with_cancel(root(), Label("request", 7));
  const std::uint32_t line = std::source_location::current().line() - 1;
  cancel();
  advance(3s);
  const ContextDump dump = live_contexts(loop);
  EXPECT_EQ(dump.live, 0u);
  EXPECT_EQ(dump.held, 1u);
  EXPECT_EQ(text(dump), "");
  ASSERT_EQ(dump.held_groups.size(), 1u);
  EXPECT_EQ(dump.held_groups[0].site.line, line);
  EXPECT_EQ(dump.held_groups[0].done_for, 3s);
  EXPECT_THAT(to_text(dump), HasSubstr("1 context \"request\" done for 3.0s\nmade at "));
}

TEST_F(ContextsTest, ForgetsDoneContextWithItsLastHandle) {
  std::optional<Context> kept;
  {
    auto [ctx, cancel] = with_cancel(root());
    kept = ctx;
  }
  EXPECT_EQ(live_contexts(loop).held_groups.size(), 1u);
  kept.reset();
  EXPECT_TRUE(live_contexts(loop).held_groups.empty());
}

// --- outlived ---

Task<> make_under(Context parent, Label label, std::vector<Cancelable>* kept) {
  kept->push_back(with_timeout(parent, 1h, {}, label));
  co_return;
}

class OutlivedTest : public ContextsTest {
 protected:
  // A request that makes a context under `parent` and ends.
  void serve(const Context& parent, Label label = {}) {
    auto [request, end] = with_cancel(root(), Label("request", ++requests));
    go(request, make_under(parent, label, &kept));
    poll();
    end(errc::finished);
  }
  void TearDown() override {
    kept.clear();
    ContextsTest::TearDown();
  }
  std::size_t outlived() { return live_contexts(loop).outlived; }

  std::uint64_t requests = 0;
  std::vector<Cancelable> kept;
};

TEST_F(OutlivedTest, CountsAfterTheGraceAndNamesLineAndOwner) {
  serve(root());
  EXPECT_EQ(outlived(), 0u);
  advance(999ms);
  EXPECT_EQ(outlived(), 0u);
  EXPECT_EQ(live_contexts(loop).groups.at(0).outlived, 0u);
  advance(1ms);
  advance(2s);
  const ContextDump dump = only_outlived(live_contexts(loop));
  EXPECT_EQ(dump.outlived, 1u);
  EXPECT_THAT(to_text(dump), StartsWith("1 context that is not done, 0 that are done but still referenced\n"
                                        "1 context has outlived the owner of the task that made it\n"));
  ASSERT_EQ(dump.groups.size(), 1u);
  EXPECT_EQ(dump.groups[0].outlived, 1u);
  EXPECT_EQ(dump.groups[0].owner, "request 1");
  EXPECT_EQ(dump.groups[0].owner_done_for, 3s);
  EXPECT_THAT(to_text(dump),
              HasSubstr("1 context [deadline in 60.0m] outlived: request 1 ended 3.0s ago (finished)\n"
                        "made at                  tests/leash/report/contexts_test.cpp:"));
  EXPECT_THAT(to_text(dump), HasSubstr(" by make_under\n"));
}

TEST_F(OutlivedTest, CountsBySiteUntilDone) {
  for (int i = 0; i < 3; ++i) serve(root());
  advance(1s);
  const auto by_site = [&] {
    std::uint64_t now = 0, ever = 0;
    for (const SiteMetrics& site : loop.metrics()->sites()) {
      now += site.contexts_outlived.get();
      ever += site.contexts_ever_outlived.get();
    }
    return std::vector{now, ever};
  };
  EXPECT_EQ(by_site(), (std::vector<std::uint64_t>{3, 3}));
  kept.pop_back();
  EXPECT_EQ(by_site(), (std::vector<std::uint64_t>{2, 3}));
  kept.clear();
  EXPECT_EQ(by_site(), (std::vector<std::uint64_t>{0, 3}));
  EXPECT_EQ(outlived(), 0u);
}

TEST_F(OutlivedTest, DoesNotKeepTheOwner) {
  serve(root());
  EXPECT_EQ(live_contexts(loop).held, 0u);
}

TEST_F(OutlivedTest, ContextDoneWithinGraceDoesNotCount) {
  serve(root());
  advance(500ms);
  kept.clear();
  advance(1s);
  EXPECT_EQ(outlived(), 0u);
}

TEST_F(OutlivedTest, ContextThatIsDoneDoesNotCountAlthoughItIsHeld) {
  serve(root());
  advance(1s);
  EXPECT_EQ(outlived(), 1u);
  kept.back().cancel();
  EXPECT_EQ(outlived(), 0u);
}

TEST_F(OutlivedTest, LabelAllowsOutliving) {
  serve(root(), Label("idle connection").outliving());
  serve(without_cancel(root()));
  advance(1h - 1s);
  EXPECT_EQ(live_contexts(loop).live, 2u);
  EXPECT_EQ(outlived(), 0u);
}

TEST_F(OutlivedTest, ContextOfLiveOwnerDoesNotCount) {
  go(root(), make_under(root(), {}, &kept));
  auto [request, end] = with_cancel(root(), Label("request", 1));
  go(request, make_under(root(), {}, &kept));
  poll();
  advance(1h - 1s);
  EXPECT_EQ(live_contexts(loop).live, 3u);
  EXPECT_EQ(outlived(), 0u);
}

TEST_F(OutlivedTest, ContextMadeOutsideTasksDoesNotCount) {
  kept.push_back(with_cancel(root()));
  advance(1h);
  EXPECT_EQ(outlived(), 0u);
}

Task<> handle_in_scope(Context request, std::vector<Cancelable>* kept) {
  {
    Scope scope(request);
    scope.go(make_under(request, {}, kept));
    (void)co_await scope.join();
  }
  co_await sleep(10s);
}

TEST_F(OutlivedTest, OfTaskInScopeCountsFromEndOfRequest) {
  auto [request, end] = with_cancel(root(), Label("request", 1));
  go(request, handle_in_scope(request, &kept));
  poll();
  advance(5s);
  EXPECT_EQ(live_contexts(loop).live, 2u);
  EXPECT_EQ(outlived(), 0u) << "the scope has ended, its request has not";
  advance(5s);
}

Task<> make_late(Context parent, std::vector<Cancelable>* kept) {
  co_await sleep(10s);
  kept->push_back(with_cancel(parent, Label("late")));
}

TEST_F(OutlivedTest, CountsFromItsStartWhenTheOwnerEndedBefore) {
  auto [request, end] = with_cancel(root(), Label("request", 1));
  go(request, make_late(root(), &kept));
  poll();
  end();
  advance(10s);
  EXPECT_EQ(kept.size(), 1u);
  EXPECT_EQ(outlived(), 0u);
  advance(1s);
  EXPECT_EQ(outlived(), 1u);
}

TEST_F(ContextsTest, NoMoreAreVisitedThanWasSaid) {
  std::vector<Cancelable> held;
  for (int n = 0; n < 10; ++n) held.push_back(with_cancel(root()));
  const ContextDump some = live_contexts(loop, 9);
  EXPECT_FALSE(some.complete);
  EXPECT_EQ(some.groups.at(0).count, 9u);
  EXPECT_EQ(some.live, 10u);
  EXPECT_TRUE(live_contexts(loop, 10).complete);
}

TEST_F(ContextsTest, OfSeveralLoopsAreAddedUp) {
  asio::io_context other_io{1};
  Loop other{other_io};
  const auto make = [](const Loop& of, std::uint64_t n) {
    return with_timeout(of.background(), 1h * n, {}, Label("request", n));
  };
  const Cancelable a = make(loop, 1), b = make(other, 2);
  const ContextDump both = merge({live_contexts(loop), live_contexts(other)});
  EXPECT_EQ(both.live, 2u);
  ASSERT_EQ(both.groups.size(), 1u);
  EXPECT_EQ(both.groups[0].count, 2u);
  EXPECT_EQ(*both.groups[0].nearest_deadline, 1h);
  EXPECT_GT(*both.groups[0].farthest_deadline, 1h);
  EXPECT_EQ(both.groups[0].armed, 2u);
}

ContextDump dump_of(std::size_t outlived, Duration since, const std::string& owner) {
  ContextDump dump;
  dump.outlived = outlived;
  ContextGroup group;
  group.site = {"serve", "app.cpp", 7};
  group.count = 2;
  group.outlived = outlived;
  group.owner = owner;
  group.owner_done_for = since;
  group.owner_cause = "finished";
  dump.groups.push_back(group);
  return dump;
}

TEST(ContextDumps, MergeToTheOwnerThatEndedFirst) {
  std::vector<ContextDump> dumps{dump_of(1, 2s, "request 1"), dump_of(2, 3s, "request 2"),
                                 dump_of(1, 1s, "request 3")};
  EXPECT_TRUE(merge(dumps).complete);
  dumps[0].complete = false;
  const ContextDump all = merge(dumps);
  EXPECT_FALSE(all.complete);
  EXPECT_EQ(all.outlived, 4u);
  ASSERT_EQ(all.groups.size(), 1u);
  EXPECT_EQ(all.groups[0].outlived, 4u);
  EXPECT_EQ(all.groups[0].owner, "request 2");
  EXPECT_EQ(all.groups[0].owner_done_for, 3s);
}

TEST(ContextDumps, OfOutlivedOnesHaveNoDoneOnes) {
  ContextDump dump = dump_of(1, 1s, "request 1");
  dump.held_groups = dump.groups;
  EXPECT_EQ(only_outlived(dump).groups.size(), 1u);
  EXPECT_TRUE(only_outlived(dump).held_groups.empty());
}

TEST(ContextDumps, EscapeTextOfTheProgram) {
  ContextDump dump = dump_of(2, 1s, "request\n\x1b[2J");
  dump.groups[0].label = "a\nb";
  dump.groups[0].owner_cause = "c\nd";
  dump.groups[0].site.file = "e\nf.cpp";
  EXPECT_EQ(to_text(dump.groups[0]),
            "2 contexts \"a\\nb\" outlived: request\\n\\x1b[2J ended 1.0s ago (c\\nd)\n"
            "made at                  e\\nf.cpp:7 by serve\n");
}

}  // namespace
}  // namespace leash
