// SPDX-License-Identifier: BSL-1.0
#pragma once
// Leak checks for GoogleTest. A target of its own, leash::gtest.
//
// What it is     verify_none for one loop inside a test; watch_tests, a listener that fails each test which
//                leaves a task alive; verify_main for a whole test program.
// Guarantees     watch_tests looks at loops that are destroyed with tasks alive, and at loops that outlive the
//                test: tasks that were there before it do not count. A test that failed is checked as well.
//                What was found is added to the test that left it: with the stacks where a loop was destroyed, else
//                by the site that started it.
// Misuse         a second call of watch_tests ends the process with a message.
// Threads        verify_none: see leash/leak_check.hpp. The listener looks at metrics, which any thread may
//                read. Tests of one process run one after the other: what a loop of another thread leaves
//                belongs to the test that runs.
// Lifetime       the listener is GoogleTest's, and looks at every test until the program ends.
//
//   int main(int argc, char** argv) {
//     testing::InitGoogleTest(&argc, argv);
//     leash::watch_tests();  // with GoogleTest's own main: const bool watched = leash::watch_tests();
//     return RUN_ALL_TESTS();
//   }

#include <gtest/gtest.h>

#include <functional>
#include <source_location>
#include <string>

#include "leash/leak_check.hpp"
#include "leash/loop.hpp"

namespace leash {

/// A failure of the current test, at the caller's line, for what find_leaks reports. The listener does not report
/// it once more.
void verify_none(Loop& loop, const LeakOptions& options = {},
                 std::source_location where = std::source_location::current());
void verify_none_elsewhere(Loop& loop, const LeakOptions& options = {},
                           std::source_location where = std::source_location::current());

/// Appends the listener to GoogleTest's. True, so that it can be called where a variable is initialized, in a
/// program that has the main of GoogleTest.
bool watch_tests(const WatchOptions& options = {});
/// In a test that leaves tasks on purpose: the listener lets it.
void expect_leaks();

struct MainOptions {
  bool run_on_failure = false;  ///< check also when the tests have failed
  WatchOptions watch = {};
  std::function<void(int)> cleanup = {};                ///< with the exit status
  std::function<void(const std::string&)> report = {};  ///< by default to standard error
};
/// What `run` returns (RUN_ALL_TESTS), or 1 when that is 0 and a loop that is still there has tasks alive.
int verify_main(const std::function<int()>& run, const MainOptions& options = {});

}  // namespace leash
