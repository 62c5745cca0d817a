// SPDX-License-Identifier: BSL-1.0
// The verdicts on the twelve leak patterns of bench/detectors.
#include "bench/leak_patterns.hpp"

#include <gtest/gtest.h>

#include "leash/gtest.hpp"

namespace {

TEST(Detectors, FindEachLeakButNotItsFix) {
  leash::expect_leaks();  // only the end of the loop ends them
  for (const leaks::Pattern& pattern : leaks::patterns) {
    EXPECT_TRUE(leaks::find(pattern.leaky).any()) << pattern.name;
    EXPECT_EQ(leaks::to_text(leaks::find(pattern.fixed)), "nothing") << pattern.name;
  }
}

TEST(Detectors, ReportVerdicts) {
  leash::expect_leaks();
  const auto found = [](std::string_view name) {
    for (const leaks::Pattern& pattern : leaks::patterns) {
      if (pattern.name == name) return leaks::to_text(leaks::find(pattern.leaky));
    }
    return std::string("no such pattern");
  };
  EXPECT_EQ(found("first of three"), "2 leaked, 2 stranded");
  EXPECT_EQ(found("for each other"), "2 stranded");
  EXPECT_EQ(found("without an owner"), "1 stranded");
  EXPECT_EQ(found("kept channel"), "1 leaked");
  EXPECT_EQ(found("kept cancel"), "1 leaked, 1 outlived");
  EXPECT_EQ(found("kept deadline"), "1 outlived");
}

}  // namespace
