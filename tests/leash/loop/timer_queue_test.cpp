// SPDX-License-Identifier: BSL-1.0
#include "leash/detail/timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace leash {
namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<Timer>);
static_assert(noexcept(std::declval<TimerQueue&>().remove(std::declval<Timer&>())));

struct Alarm : Timer {
  explicit Alarm(int n = 0)
      : Timer([](Timer& timer) noexcept { ++static_cast<Alarm&>(timer).fired; }), number(n) {}
  int number;
  int fired = 0;
};

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

TEST(TimerQueueTest, GivesTimersInTheOrderOfTheirTimes) {
  TimerQueue queue;
  std::deque<Alarm> alarms;
  std::vector<int> times(1000);
  std::minstd_rand random(1);
  for (int& time : times) {
    time = static_cast<int>(random() % 5000);
    alarms.emplace_back(time);
    queue.add(alarms.back(), at(time));
  }
  std::sort(times.begin(), times.end());
  EXPECT_EQ(queue.earliest(), at(times.front()));
  for (const int time : times) {
    Timer* due = queue.pop_due(at(5000));
    ASSERT_NE(due, nullptr);
    EXPECT_EQ(static_cast<Alarm*>(due)->number, time);
    EXPECT_FALSE(due->armed());
  }
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop_due(at(5000)), nullptr);
  EXPECT_EQ(queue.earliest(), std::nullopt);
}

TEST(TimerQueueTest, RemovesFromAnywhere) {
  TimerQueue queue;
  std::deque<Alarm> alarms;
  std::minstd_rand random(2);
  for (int i = 0; i < 1000; ++i) {
    alarms.emplace_back(static_cast<int>(random() % 1000));
    queue.add(alarms.back(), at(alarms.back().number));
  }
  std::vector<int> left;
  for (Alarm& alarm : alarms) {
    if (random() % 2) {
      queue.remove(alarm);
      queue.remove(alarm);  // no effect
    } else {
      left.push_back(alarm.number);
    }
  }
  std::sort(left.begin(), left.end());
  EXPECT_EQ(queue.size(), left.size());
  for (const int time : left) EXPECT_EQ(static_cast<Alarm*>(queue.pop_due(at(1000)))->number, time);
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueueTest, KeepsTimerUntilDue) {
  TimerQueue queue;
  Alarm alarm;
  queue.add(alarm, at(10));
  EXPECT_EQ(queue.pop_due(at(10) - 1ns), nullptr);
  EXPECT_TRUE(alarm.armed());
  EXPECT_EQ(queue.pop_due(at(10)), &alarm);
}

TEST(TimerQueueTest, ABurstOfTimersCanBeRemovedInAnyOrder) {  // its memory shrinks meanwhile
  TimerQueue queue;
  std::deque<Alarm> alarms(20'000);
  for (std::size_t i = 0; i < alarms.size(); ++i)
    queue.add(alarms[i], at(static_cast<int>(i * 7919 % 20'011)));
  for (std::size_t i = 0; i + 10 < alarms.size(); ++i) queue.remove(alarms[i]);
  TimePoint last{};
  for (int i = 0; i < 10; ++i) {
    const TimePoint earliest = *queue.earliest();
    EXPECT_GE(earliest, last);
    last = earliest;
    ASSERT_NE(queue.pop_due(earliest), nullptr);
  }
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueueTest, EqualTimesComeInTheOrderOfAdding) {
  TimerQueue queue;
  std::deque<Alarm> alarms;
  for (int i = 0; i < 100; ++i) {
    alarms.emplace_back().number = i;
    queue.add(alarms.back(), at(i % 2 == 0 ? 10 : 20));
  }
  queue.remove(alarms[10]);
  queue.add(alarms[10], at(10));  // now the last one
  std::vector<int> order;
  while (Timer* due = queue.pop_due(at(10))) order.push_back(static_cast<Alarm*>(due)->number);
  std::vector<int> expected;
  for (int i = 0; i < 100; i += 2) {
    if (i != 10) expected.push_back(i);
  }
  expected.push_back(10);
  EXPECT_EQ(order, expected);
}

TEST(TimerQueueDeathTest, ArmingTwiceAborts) {
  TimerQueue queue;
  Alarm alarm;
  queue.add(alarm, at(1));
  EXPECT_DEATH(queue.add(alarm, at(2)), "timer armed twice");
}

}  // namespace
}  // namespace leash
