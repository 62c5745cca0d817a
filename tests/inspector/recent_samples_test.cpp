// SPDX-License-Identifier: BSL-1.0
#include "inspector/recent_samples.hpp"

#include <gtest/gtest.h>

namespace {

using inspector::RecentSamples;
using inspector::Sample;

Sample taken(double time) {
  Sample sample;
  sample.time = time;
  return sample;
}

TEST(RecentSamples, GivesSamplesAfterNumber) {
  RecentSamples samples;
  EXPECT_EQ(samples.newest(), 0u);
  EXPECT_TRUE(samples.after(0).empty());
  for (int i = 1; i <= 5; ++i) samples.add(taken(i));
  EXPECT_EQ(samples.newest(), 5u);
  ASSERT_EQ(samples.after(3).size(), 2u);
  EXPECT_EQ(samples.after(3)[0].time, 4);
  EXPECT_EQ(samples.after(3)[1].time, 5);
  EXPECT_TRUE(samples.after(5).empty());
  EXPECT_EQ(samples.after(0).size(), 5u);
}

TEST(RecentSamples, ANumberOfAnotherProcessGivesAllOfIt) {
  RecentSamples samples;
  samples.add(taken(1));
  EXPECT_EQ(samples.after(77).size(), 1u);
}

TEST(RecentSamples, KeepsTheLastTenMinutes) {
  RecentSamples samples;
  for (int i = 1; i <= 700; ++i) samples.add(taken(i));
  EXPECT_EQ(samples.newest(), 700u);
  const auto all = samples.after(0);
  ASSERT_EQ(all.size(), RecentSamples::most);
  EXPECT_EQ(all.front().time, 101);
  EXPECT_EQ(all.back().time, 700);
  EXPECT_EQ(samples.after(50).size(), RecentSamples::most) << "some of them are gone";
}

}  // namespace
