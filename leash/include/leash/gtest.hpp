// SPDX-License-Identifier: BSL-1.0
#pragma once
// Leak checks for GoogleTest. Part of the target leash::gtest.
//
// What it is     verify_none for one loop inside a test; watch_tests, a listener that fails each test that leaves a
//                live task or a context that outlives its owner; verify_main for a whole test program.
// Guarantees     watch_tests checks loops that are destroyed with live tasks, and loops that outlive the test: tasks
//                that existed before the test do not count. A test that failed is checked too. Findings are added to
//                the test that left them: with the stacks if a loop was destroyed, else by the site that started
//                the tasks.
// Misuse         a second call of watch_tests ends the process with a message.
// Threads        verify_none: see leash/leak_check.hpp. The listener reads metrics, which is safe on any thread. Tests
//                of one process run one after the other: tasks left by a loop on another thread belong to the test
//                that is running.
// Lifetime       the listener belongs to GoogleTest, and checks every test until the program ends.
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
#include "leash/loop.hpp"  // IWYU pragma: export

namespace leash {

/// Fails the current test, at the caller's line, if find_leaks reports anything. The listener does not report it
/// again.
void verify_none(LoopBase& loop, const LeakOptions& options = {},
                 std::source_location where = std::source_location::current());
void verify_none_elsewhere(LoopBase& loop, const LeakOptions& options = {},
                           std::source_location where = std::source_location::current());

/// Registers the listener. Returns true, so that it can initialize a variable in a program that uses GoogleTest's own
/// main.
bool watch_tests(const WatchOptions& options = {});
/// Called in a test that leaves tasks or contexts on purpose: the listener accepts them.
void expect_leaks();

struct MainOptions {
  bool run_on_failure = false;  ///< check also when the tests have failed
  WatchOptions watch = {};
  std::function<void(int)> cleanup = {};                ///< called with the exit status
  std::function<void(const std::string&)> report = {};  ///< by default to standard error
};
/// Returns the result of `run` (RUN_ALL_TESTS), or 1 if that is 0 and an existing loop has live tasks.
int verify_main(const std::function<int()>& run, const MainOptions& options = {});

}  // namespace leash
