// SPDX-License-Identifier: BSL-1.0
// Contexts in leak checks: those that are not done although the owner of the task that made them is.
#include "leash/leak_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "leash/go.hpp"
#include "leash/gtest.hpp"
#include "leash/leak_check.hpp"
#include "leash/task.hpp"

namespace leash {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Kept = std::vector<Cancelable>;

Task<> keep_one(Context parent, Kept* kept) {
  kept->push_back(with_timeout(parent, 1h));
  co_return;
}
Task<> keep_allowed_one(Context parent, Kept* kept) {
  kept->push_back(with_timeout(parent, 1h, {}, Label("cache").outliving()));
  co_return;
}

class LeakedContextsTest : public ::testing::Test {
 protected:
  LeakedContextsTest() { soon_.maximum_wait(1ms); }

  void serve(Task<> (*handler)(Context, Kept*) = keep_one) {
    auto [request, end] = with_cancel(loop_->background(), Label("request", ++requests_));
    go(request, handler(loop_->background(), &kept_));
    io_.restart();
    io_.poll();
    end(errc::finished);
  }
  std::string report(const LeakOptions& options) {
    const auto leaks = find_leaks(*loop_, options);
    return leaks ? leaks->text : "";
  }

  asio::io_context io_{1};
  std::unique_ptr<Loop> loop_ = std::make_unique<Loop>(io_);
  Kept kept_;
  std::uint64_t requests_ = 0;
  LeakOptions soon_;
};

TEST_F(LeakedContextsTest, AreReportedWithLineAndOwner) {
  serve();
  serve();
  const auto leaks = find_leaks(*loop_, soon_);
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->tasks, 0u);
  EXPECT_EQ(leaks->contexts, 2u);
  EXPECT_FALSE(leaks->deadlock);
  EXPECT_THAT(leaks->text,
              HasSubstr("found 2 contexts not canceled although the owner has ended\n\n2 contexts ["));
  EXPECT_THAT(leaks->text, HasSubstr("outlived: request 1 ended "));
  EXPECT_THAT(leaks->text, HasSubstr("made at                  tests/leash/testing/leak_options_test.cpp:"));
  kept_.clear();
  EXPECT_EQ(report(soon_), "");
}

TEST_F(LeakedContextsTest, FailTestThatVerifiesNone) {
  serve();
  EXPECT_NONFATAL_FAILURE(verify_none(*loop_, soon_), "found 1 context not canceled");
  kept_.clear();
}

TEST_F(LeakedContextsTest, AreReportedByOtherThread) {
  serve();
  soon_.maximum_wait(0s);
  const auto work = asio::make_work_guard(io_);
  io_.restart();
  std::thread runs([&] { io_.run(); });
  const auto leaks = find_leaks_elsewhere(*loop_, soon_);
  io_.stop();
  runs.join();
  ASSERT_TRUE(leaks);
  EXPECT_EQ(leaks->contexts, 1u);
  kept_.clear();
}

TEST_F(LeakedContextsTest, AreIgnoredBySiteFunctionOwnerAndTime) {
  serve();
  const auto with = [&] {
    LeakOptions options;
    return options.maximum_wait(0s);
  };
  EXPECT_EQ(report(with().ignore_site("leak_options_test.cpp")), "");
  EXPECT_EQ(report(with().ignore_started_by("keep_one")), "");
  EXPECT_EQ(report(with().ignore_owner("request")), "");
  EXPECT_EQ(report(with().ignore_owner("request 1")), "");
  EXPECT_EQ(report(with().ignore_owner(kept_[0].ctx)), "");
  EXPECT_NE(report(with().ignore_owner("request 2")), "");
  LeakOptions later = with().ignore_current(*loop_);
  EXPECT_EQ(report(later), "");
  serve();
  EXPECT_THAT(report(later), HasSubstr("found 1 context "));
  kept_.clear();
}

TEST_F(LeakedContextsTest, AreNoneBelowAllowingLabelOrLiveOwner) {
  serve(keep_allowed_one);
  auto [session, end] = with_cancel(loop_->background());
  go(session, keep_one(loop_->background(), &kept_));
  io_.restart();
  io_.poll();
  EXPECT_EQ(report(soon_), "");
  kept_.clear();
}

TEST_F(LeakedContextsTest, OfLiveLoopFailCheckOfAllLoops) {
  expect_leaks();
  WatchOptions soon;
  soon.maximum_wait = 1ms;
  serve();
  LeakCheck check(soon);
  EXPECT_EQ(check.find(), "") << "made before the check";
  serve();
  EXPECT_THAT(check.find(),
              HasSubstr("contexts are not canceled although their owners have ended\n"
                        "    1 in loop \"loop\", made at tests/leash/testing/leak_options_test.cpp:"));
  check.leave_out(*loop_);
  EXPECT_EQ(check.find(), "");
  loop_.reset();
  EXPECT_EQ(check.find(), "") << "reported already";
  kept_.clear();
}

TEST_F(LeakedContextsTest, CanceledLaterAreNoneInCheckOfAllLoops) {
  WatchOptions soon;
  soon.maximum_wait = 1ms;
  LeakCheck check(soon);
  serve();
  EXPECT_NE(check.find_in_live_loops(), "");
  kept_.clear();
  EXPECT_EQ(check.find_in_live_loops(), "");
}

TEST_F(LeakedContextsTest, OfDestroyedLoopFailCheckOfAllLoops) {
  expect_leaks();
  LeakCheck check;
  serve();
  loop_.reset();
  EXPECT_THAT(check.find(),
              HasSubstr("a loop was destroyed with contexts not canceled although their owners had "
                        "ended\n\n1 context ["));
  check.restart();
  EXPECT_EQ(check.find(), "");
}

}  // namespace
}  // namespace leash
