// SPDX-License-Identifier: BSL-1.0
#include "http/server/limits/waiting_list.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "http/server/connection.hpp"

namespace {

using namespace std::chrono_literals;
using http::server::WaitingList;

const leash::TimePoint start{1h};

// The list does not look into connections.
http::server::Connection& some_connection() {
  alignas(http::server::Connection) static char bytes[sizeof(http::server::Connection)];
  return reinterpret_cast<http::server::Connection&>(bytes);
}

TEST(WaitingList, KnowsTheLongest) {
  WaitingList list;
  EXPECT_EQ(list.longest(), nullptr);
  EXPECT_EQ(list.longest_since(), leash::TimePoint::max());
  WaitingList::Place first(list, some_connection());
  WaitingList::Place second(list, some_connection());
  {
    WaitingList::Place third(list, some_connection());
    second.enter(start);
    first.enter(start + 1s);
    third.enter(start + 2s);
    EXPECT_EQ(list.longest(), &second);
    EXPECT_EQ(second.next(), &first);
    EXPECT_EQ(first.next(), &third);
    second.enter(start + 3s);
    EXPECT_EQ(list.longest_since(), start) << "it was in the list already";
  }
  EXPECT_EQ(first.next(), nullptr) << "the third has gone";
  second.leave();
  EXPECT_EQ(list.longest(), &first);
  EXPECT_EQ(list.longest_since(), start + 1s);
  second.leave();
  second.enter(start + 4s);
  EXPECT_EQ(first.next(), &second);
  first.leave();
  second.leave();
  EXPECT_EQ(list.longest(), nullptr);
  EXPECT_EQ(list.longest_since(), leash::TimePoint::max());
}

}  // namespace
