// SPDX-License-Identifier: BSL-1.0
#include "loadgen/traffic/arrival.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace {

using namespace std::chrono_literals;
using loadgen::arrival;

constexpr leash::TimePoint sent_at(10s);
constexpr leash::TimePoint read_at(11s);

TEST(Arrival, IsBeforeTheRead) {
  EXPECT_EQ(arrival(sent_at, read_at, 1ms), read_at - 1ms);
  EXPECT_EQ(arrival(sent_at, read_at, 0ms), read_at);
  EXPECT_EQ(arrival(sent_at, read_at, 1s), sent_at);
}

TEST(Arrival, IsTheReadIfTheKernelDoesNotSay) { EXPECT_EQ(arrival(sent_at, read_at, std::nullopt), read_at); }

TEST(Arrival, IsTheReadIfTheClockOfTheSystemWasSet) {
  EXPECT_EQ(arrival(sent_at, read_at, -1ns), read_at) << "back";
  EXPECT_EQ(arrival(sent_at, read_at, 1s + 1ns), read_at) << "forward";
  EXPECT_EQ(arrival(sent_at, read_at, leash::Duration::max()), read_at);
  EXPECT_EQ(arrival(sent_at, read_at, leash::Duration::min()), read_at);
}

}  // namespace
