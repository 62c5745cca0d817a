// SPDX-License-Identifier: BSL-1.0
// Tests that leave tasks in every way, for gtest_test.cpp, which runs this program and reads what it says.

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <string>
#include <thread>

#include "leash/channel.hpp"
#include "leash/go.hpp"
#include "leash/gtest.hpp"

namespace {

leash::Task<> wait_for_ever() {
  leash::Channel<int> ch;
  (void)co_await ch.receive();
}

leash::Loop& loop_that_outlives_tests() {
  static asio::io_context io{1};
  static leash::Loop loop{io, {.name = "of the program"}};
  return loop;
}

void leave_one() {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), wait_for_ever(), "forgotten");
  io.poll();
}

constexpr unsigned line_left_out = __LINE__ + 1;
void leave_out(leash::Loop& loop) { leash::go(loop.background(), wait_for_ever()); }

TEST(Sample, IsClean) {}
TEST(Sample, DestroysALoopWithATask) { leave_one(); }
TEST(Sample, FailsAndLeavesATask) {
  leave_one();
  ADD_FAILURE() << "of its own";
}
TEST(Sample, LeavesATaskInAnotherThread) { std::thread(leave_one).join(); }
TEST(Sample, LeavesATaskOnPurpose) {
  leash::expect_leaks();
  leave_one();
}
TEST(Sample, LeavesATaskInALongerLivedLoop) {
  leash::go(loop_that_outlives_tests().background(), wait_for_ever());
}
TEST(Sample, IsNotBlamedForPreviousTest) {}
TEST(Sample, LeavesATaskIgnoredByOptions) {
  leave_out(loop_that_outlives_tests());
  asio::io_context io{1};
  leash::Loop loop{io};
  leave_out(loop);
}

TEST(Sample, IsToldOnceOfWhatVerifyNoneFound) {
  asio::io_context io{1};
  leash::Loop loop{io};
  leash::go(loop.background(), wait_for_ever());
  leash::verify_none(loop);
}

leash::WatchOptions options() {
  leash::WatchOptions chosen;
  chosen.maximum_wait = std::chrono::milliseconds(20);
  chosen.ignore_sites = {"gtest_sample.cpp:" + std::to_string(line_left_out)};
  return chosen;
}
const bool watched = leash::watch_tests(options());  // the main is GoogleTest's

}  // namespace
