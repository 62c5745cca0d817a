// SPDX-License-Identifier: BSL-1.0
// The main of every test program: each test runs under the project's own leak check.

#include <gtest/gtest.h>

#include "leash/gtest.hpp"

// [main]
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  leash::watch_tests();
  return leash::verify_main([] { return RUN_ALL_TESTS(); });
}
// [/main]
