// SPDX-License-Identifier: BSL-1.0
#include "server/leak_log.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "leash/wait_point.hpp"

namespace {

using server::LeakLog;

class LeakLogTest : public testing::Test {
 protected:
  void leak(std::uint64_t tasks) {
    site().leaks.add(tasks);
    site().leaked[static_cast<std::size_t>(leash::WaitKind::chan_send)].add(tasks);
  }
  leash::SiteMetrics& site() { return metrics->at(index); }
  std::uint64_t look() {
    lines.clear();
    return log.look({metrics});
  }

  std::shared_ptr<leash::Metrics> metrics = std::make_shared<leash::Metrics>();
  std::uint16_t index = metrics->site(std::source_location::current());
  std::string place = site().file + (":" + std::to_string(site().line));
  std::vector<std::string> lines;
  LeakLog log{
      [this](auto level, std::string_view event, std::initializer_list<http::server::LogField> fields) {
        lines.push_back(to_text(level, event, fields));
      }};
};

TEST_F(LeakLogTest, SaysTheFirstLeakAndEachPowerOfTen) {
  look();
  EXPECT_TRUE(lines.empty());
  leak(1);
  look();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "level=warn event=\"tasks have leaked\" site=" + place + " wait=\"chan send\" count=1 now=1");
  leak(8);
  look();
  EXPECT_TRUE(lines.empty()) << "nine";
  leak(1);
  look();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("count=10"), std::string::npos) << lines[0];
  leak(5000);
  look();
  ASSERT_EQ(lines.size(), 1u) << "one line, although two powers of ten were passed";
  look();
  EXPECT_TRUE(lines.empty());
}

TEST_F(LeakLogTest, LogsOutlivedContexts) {
  site().contexts_outlived.add();
  site().contexts_ever_outlived.add();
  look();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0],
            "level=warn event=\"contexts have outlived their requests\" site=" + place + " count=1 now=1");
}

TEST_F(LeakLogTest, SaysEachReap) {
  leak(3);
  EXPECT_EQ(look(), 0u);
  site().leaks_reaped.add(2);
  EXPECT_EQ(look(), 2u);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "level=warn event=\"leaked tasks were reaped\" site=" + place + " count=2 total=2");
  EXPECT_EQ(look(), 0u);
  EXPECT_TRUE(lines.empty());
}

TEST_F(LeakLogTest, TotalsLeaksForDrain) {
  leak(3);
  site().leaks_reaped.add(2);
  site().contexts_outlived.add(4);
  const server::LeakTotals totals = server::leak_totals({metrics, metrics});
  EXPECT_EQ(totals.leaked, 6u);
  EXPECT_EQ(totals.reaped, 4u);
  EXPECT_EQ(totals.outlived, 8u);
  EXPECT_TRUE(totals.any());
  EXPECT_FALSE(server::leak_totals({}).any());
}

}  // namespace
