// SPDX-License-Identifier: BSL-1.0
#include "leash/gtest.hpp"

#include <gtest/gtest-spi.h>

#include <asio/io_context.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "tests/support/report_text.hpp"
#include "tests/support/server_process.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_for_value(Channel<int> ch) { (void)co_await ch.receive(); }

TEST(VerifyNone, FailsTheTestWithTheReport) {
  static asio::io_context io{1};
  static Loop loop{io};
  verify_none(loop);
  Channel<int> ch;
  go(loop.background(), wait_for_value(ch), "left");
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter fake(&failures);
    verify_none(loop);
  }
  ASSERT_EQ(failures.size(), 1);
  EXPECT_TRUE(failures.GetTestPartResult(0).nonfatally_failed());
  std::string said = support::without_metrics(failures.GetTestPartResult(0).message());
  while (said.ends_with('\n')) said.pop_back();  // GoogleTest's versions differ
  EXPECT_EQ(said,
            R"(Failed
deadlock: nothing can ever wake 1 task

task 1 [chan receive, TIME] "left" detached, BYTES of frames
    wait_for_value       tests/leash/testing/gtest_test.cpp:LINE
started at               tests/leash/testing/gtest_test.cpp:LINE by VerifyNone_FailsTheTestWithTheReport_Test::TestBody)");
  ch.close();
  verify_none(loop);
}

// The sample's tests, by name: what the listener said of each, or nothing when it passed.
class ListenerTest : public ::testing::Test {
 protected:
  static std::string said_of(const std::string& test) {
    // All of the sample, whichever part of its own tests this process runs.
    static const support::Finished sample =
        support::run_command({"env", "-u", "GTEST_TOTAL_SHARDS", "-u", "GTEST_SHARD_INDEX", "-u",
                              "GTEST_FILTER", LEASH_GTEST_SAMPLE});
    EXPECT_EQ(sample.status, 1) << sample.out << sample.err;
    const std::size_t begin = sample.out.find("[ RUN      ] Sample." + test + "\n");
    EXPECT_NE(begin, std::string::npos) << test;
    const std::size_t failed = sample.out.find("[  FAILED  ] Sample." + test, begin);
    const std::size_t passed = sample.out.find("[       OK ] Sample." + test, begin);
    if (passed != std::string::npos) return {};
    // Without the lines of GoogleTest's: where it was, what runs, and the empty ones that its versions put behind.
    std::string said;
    std::string empty_lines;
    std::istringstream lines(sample.out.substr(begin, failed - begin));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("[ RUN") || line.find(": Failure") != std::string::npos) continue;
      if (line.empty()) {
        empty_lines += "\n";
        continue;
      }
      if (line != "Failed") said += empty_lines;
      empty_lines.clear();
      said += line + "\n";
    }
    return support::without_metrics(said);
  }
};

TEST_F(ListenerTest, DoesNotRepeatVerifyNoneReport) {
  const std::string said = said_of("IsToldOnceOfWhatVerifyNoneFound");
  EXPECT_NE(said.find("deadlock: nothing can ever wake 1 task"), std::string::npos) << said;
  EXPECT_EQ(said.find("a loop was destroyed"), std::string::npos) << said;
}

TEST(VerifyNone, FailsAtItsCallersLine) {
  static asio::io_context io{1};
  static Loop loop{io};
  Channel<int> ch;
  go(loop.background(), wait_for_value(ch));
  ::testing::TestPartResultArray failures;
  int line = 0;
  {
    const ::testing::ScopedFakeTestPartResultReporter fake(&failures);
    line = __LINE__ + 1;
    verify_none(loop);
  }
  ASSERT_EQ(failures.size(), 1);
  EXPECT_EQ(failures.GetTestPartResult(0).line_number(), line);
  EXPECT_EQ(failures.GetTestPartResult(0).file_name(), std::string("tests/leash/testing/gtest_test.cpp"));
  ch.close();
  verify_none(loop);
}

TEST_F(ListenerTest, LetsACleanTestPass) {
  EXPECT_EQ(said_of("IsClean"), "");
  EXPECT_EQ(said_of("IsNotBlamedForPreviousTest"), "");
  EXPECT_EQ(said_of("LeavesATaskOnPurpose"), "");
  EXPECT_EQ(said_of("LeavesATaskIgnoredByOptions"), "");
}

// What the listener says of a test that destroys a loop with a task, after what the test said itself.
constexpr const char* destroyed = R"(Failed
a loop was destroyed with tasks alive

task 1 [chan receive, TIME] "forgotten" orphan: its owner ended TIME ago (shutdown), BYTES of frames
    wait_for_ever        tests/leash/testing/gtest_sample.cpp:LINE
started at               tests/leash/testing/gtest_sample.cpp:LINE by leave_one
)";

TEST_F(ListenerTest, FailsTestDestroyingLoopWithTasks) {
  EXPECT_EQ(said_of("DestroysALoopWithATask"), destroyed);
  EXPECT_EQ(said_of("LeavesATaskInAnotherThread"), destroyed);
}

TEST_F(ListenerTest, ChecksFailedTestsToo) {
  EXPECT_EQ(said_of("FailsAndLeavesATask"), "Failed\nof its own\n" + std::string(destroyed));
}

TEST_F(ListenerTest, InspectsLoopsOutlivingTest) {
  EXPECT_EQ(said_of("LeavesATaskInALongerLivedLoop"), R"(Failed
tasks are alive in loops that still exist
    1 in loop "of the program", started at tests/leash/testing/gtest_sample.cpp:LINE by Sample_LeavesATaskInALongerLivedLoop_Test::TestBody
)");
}

TEST(WatchTestsDeathTest, ASecondCallAborts) {
  EXPECT_DEATH(watch_tests(), "watch_tests was called twice");  // the main of this program has called it
}

// goleak's VerifyTestMain.
class VerifyMainTest : public ::testing::Test {
 protected:
  VerifyMainTest() {
    options.watch.maximum_wait = 1ms;
    options.cleanup = [this](int status) { cleaned_up_with = status; };
    options.report = [this](const std::string& text) { report = text; };
  }
  ~VerifyMainTest() override {
    ch.close();
    io.poll();
  }
  int run(int status, bool leaves) {
    return verify_main(
        [&] {
          if (leaves) go(loop.background(), wait_for_value(ch));
          return status;
        },
        options);
  }
  asio::io_context io{1};
  Loop loop{io};
  Channel<int> ch;
  MainOptions options;
  std::optional<int> cleaned_up_with;
  std::string report;
};

TEST_F(VerifyMainTest, ACleanSuccessStaysOne) {
  EXPECT_EQ(run(0, false), 0);
  EXPECT_EQ(cleaned_up_with, 0);
  EXPECT_EQ(report, "");
}

TEST_F(VerifyMainTest, SuccessWithALeakBecomesAFailure) {
  EXPECT_EQ(run(0, true), 1);
  EXPECT_EQ(cleaned_up_with, 1);
  EXPECT_EQ(support::without_metrics(report), R"(tasks are alive in loops that still exist
    1 in loop "loop", started at tests/leash/testing/gtest_test.cpp:LINE by VerifyMainTest::run
)");
}

TEST_F(VerifyMainTest, AFailureStaysSilentAndKeepsItsStatus) {
  EXPECT_EQ(run(7, true), 7);
  EXPECT_EQ(cleaned_up_with, 7);
  EXPECT_EQ(report, "");
}

TEST_F(VerifyMainTest, ChecksAfterFailureIfRequested) {
  options.run_on_failure = true;
  EXPECT_EQ(run(7, true), 7);
  EXPECT_EQ(cleaned_up_with, 7);
  EXPECT_EQ(support::without_metrics(report), R"(tasks are alive in loops that still exist
    1 in loop "loop", started at tests/leash/testing/gtest_test.cpp:LINE by VerifyMainTest::run
)");
}

TEST_F(VerifyMainTest, IgnoresTasksExcludedByOptions) {
  options.watch.ignore_sites = {"tests/leash/testing/gtest_test*"};
  EXPECT_EQ(run(0, true), 0);
  EXPECT_EQ(report, "");
}

TEST_F(VerifyMainTest, IgnoresTasksAliveBefore) {
  go(loop.background(), wait_for_value(ch));
  EXPECT_EQ(run(0, false), 0);
  EXPECT_EQ(report, "");
}

}  // namespace
}  // namespace leash
