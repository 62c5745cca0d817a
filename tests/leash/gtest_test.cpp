#include "leash/gtest.hpp"

#include <gtest/gtest-spi.h>

#include <asio/io_context.hpp>
#include <optional>
#include <string>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "tests/support/server_process.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;

Task<> wait_in(Channel<int> ch) { (void)co_await ch.receive(); }

TEST(VerifyNone, FailsTheTestWithTheReport) {
  static asio::io_context io{1};
  static Loop loop{io};
  verify_none(loop);
  Channel<int> ch;
  go(loop.background(), wait_in(ch), "left");
  EXPECT_NONFATAL_FAILURE(verify_none(loop), "\"left\"");
  ch.close();
  verify_none(loop);
}

// The sample's tests, by name: what the listener said of each, or nothing when it passed.
class ListenerTest : public ::testing::Test {
 protected:
  static std::string said_of(const std::string& test) {
    static const support::Finished sample = support::run_command({LEASH_GTEST_SAMPLE});
    EXPECT_EQ(sample.status, 1) << sample.out << sample.err;
    const std::size_t begin = sample.out.find("[ RUN      ] Sample." + test + "\n");
    EXPECT_NE(begin, std::string::npos) << test;
    const std::size_t failed = sample.out.find("[  FAILED  ] Sample." + test, begin);
    const std::size_t passed = sample.out.find("[       OK ] Sample." + test, begin);
    if (passed != std::string::npos) return {};
    return sample.out.substr(begin, failed - begin);
  }
};

TEST_F(ListenerTest, LetsACleanTestPass) {
  EXPECT_EQ(said_of("IsClean"), "");
  EXPECT_EQ(said_of("IsNotBlamedForTheOneBefore"), "");
  EXPECT_EQ(said_of("LeavesATaskOnPurpose"), "");
}

TEST_F(ListenerTest, FailsTheTestThatDestroysALoopWithTasks) {
  for (const char* test : {"DestroysALoopWithATask", "LeavesATaskInAnotherThread"}) {
    const std::string said = said_of(test);
    EXPECT_NE(said.find("the test destroyed a loop with tasks alive"), std::string::npos) << said;
    EXPECT_NE(said.find("\"forgotten\""), std::string::npos) << said;
    EXPECT_NE(said.find("wait_for_ever        tests/leash/gtest_sample.cpp:"), std::string::npos) << said;
  }
}

TEST_F(ListenerTest, ChecksAlsoWhenTheTestFailed) {
  const std::string said = said_of("FailsAndLeavesATask");
  EXPECT_NE(said.find("of its own"), std::string::npos) << said;
  EXPECT_NE(said.find("the test destroyed a loop with tasks alive"), std::string::npos) << said;
}

TEST_F(ListenerTest, LooksAtLoopsThatOutliveTheTest) {
  const std::string said = said_of("LeavesATaskInALoopThatOutlivesIt");
  EXPECT_NE(said.find("1 in loop \"of the program\", started at tests/leash/gtest_sample.cpp:"),
            std::string::npos)
      << said;
}

// goleak's VerifyTestMain.
class VerifyMainTest : public ::testing::Test {
 protected:
  VerifyMainTest() {
    options.maximum_wait = 1ms;
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
          if (leaves) go(loop.background(), wait_in(ch));
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
  EXPECT_NE(report.find("tests/leash/gtest_test.cpp:"), std::string::npos) << report;
}

TEST_F(VerifyMainTest, AFailureStaysSilentAndKeepsItsStatus) {
  EXPECT_EQ(run(7, true), 7);
  EXPECT_EQ(cleaned_up_with, 7);
  EXPECT_EQ(report, "");
}

TEST_F(VerifyMainTest, AFailureIsCheckedWhenThatIsAskedFor) {
  options.run_on_failure = true;
  EXPECT_EQ(run(7, true), 7);
  EXPECT_NE(report, "");
}

}  // namespace
}  // namespace leash
