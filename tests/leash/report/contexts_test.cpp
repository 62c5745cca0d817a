// SPDX-License-Identifier: BSL-1.0
#include "leash/contexts.hpp"

#include <string>
#include <vector>

#include "leash/context.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

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

TEST_F(ContextsTest, AreGroupedByThePlaceThatMadeThemAndTheirLabel) {
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

TEST_F(ContextsTest, ThoseThatAreDoneAreOnlyCounted) {
  auto [ctx, cancel] = with_cancel(root());
  cancel();
  const ContextDump dump = live_contexts(loop);
  EXPECT_EQ(dump.live, 0u);
  EXPECT_EQ(dump.held, 1u);
  EXPECT_EQ(text(dump), "");
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
}

}  // namespace
}  // namespace leash
