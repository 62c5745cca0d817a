// SPDX-License-Identifier: BSL-1.0
#include "inspector/history.hpp"

#include <gtest/gtest.h>

namespace {

using server::History;
using server::Sample;

Sample taken(double time) {
  Sample sample;
  sample.time = time;
  return sample;
}

TEST(History, GivesWhatHasComeAfterANumber) {
  History history;
  EXPECT_EQ(history.newest(), 0u);
  EXPECT_TRUE(history.after(0).empty());
  for (int i = 1; i <= 5; ++i) history.add(taken(i));
  EXPECT_EQ(history.newest(), 5u);
  ASSERT_EQ(history.after(3).size(), 2u);
  EXPECT_EQ(history.after(3)[0].time, 4);
  EXPECT_EQ(history.after(3)[1].time, 5);
  EXPECT_TRUE(history.after(5).empty());
  EXPECT_EQ(history.after(0).size(), 5u);
}

TEST(History, ANumberOfAnotherProcessGivesAllOfIt) {
  History history;
  history.add(taken(1));
  EXPECT_EQ(history.after(77).size(), 1u);
}

TEST(History, KeepsTheLastTenMinutes) {
  History history;
  for (int i = 1; i <= 700; ++i) history.add(taken(i));
  EXPECT_EQ(history.newest(), 700u);
  const auto all = history.after(0);
  ASSERT_EQ(all.size(), History::most);
  EXPECT_EQ(all.front().time, 101);
  EXPECT_EQ(all.back().time, 700);
  EXPECT_EQ(history.after(50).size(), History::most) << "some of them are gone";
}

}  // namespace
