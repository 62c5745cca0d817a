// SPDX-License-Identifier: BSL-1.0
#include "cli/text.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Text, HasNoControlCharacters) {
  EXPECT_EQ(client::without_control_characters("a\x1b[31mb\tc\x7f\n"), "a?[31mb?c??");
  EXPECT_EQ(client::without_control_characters("m\xc3\xbcnchen"), "m\xc3\xbcnchen");
  EXPECT_EQ(client::without_control_characters("a\xc2\x9b"
                                               "31m"),
            "a?31m");  // CSI as one character
}

TEST(Text, IsMeasuredInCharacters) {
  EXPECT_EQ(client::cells("abc"), 3u);
  EXPECT_EQ(client::cells("…bc"), 3u);
  EXPECT_EQ(client::clipped("…bc", 2), "…b");
  EXPECT_EQ(client::clipped("…bc", 9), "…bc");
  EXPECT_EQ(client::clipped("abc", 0), "");
}

TEST(Text, IsShortenedAtItsBeginning) {
  EXPECT_EQ(client::shortened_in_front("server/patterns/send.cpp:17", 12), "…send.cpp:17");
  EXPECT_EQ(client::shortened_in_front("send.cpp:17", 11), "send.cpp:17");
  EXPECT_EQ(client::shortened_in_front("\xc3\xbc\xc3\xbc\xc3\xbc", 2), "…\xc3\xbc");
  EXPECT_EQ(client::shortened_in_front("abc", 1), "…");
  EXPECT_EQ(client::shortened_in_front("abc", 0), "");
}

TEST(Text, AgesHaveAUnitThatFits) {
  EXPECT_EQ(client::age(0.25), "0.2s");
  EXPECT_EQ(client::age(119), "119.0s");
  EXPECT_EQ(client::age(180), "3.0m");
  EXPECT_EQ(client::age(7200), "2.0h");
}

TEST(Text, ChangesHaveASign) {
  EXPECT_EQ(client::signed_number(3), "+3");
  EXPECT_EQ(client::signed_number(-3), "-3");
  EXPECT_EQ(client::signed_number(0), "");
  EXPECT_EQ(client::number_of_tasks(1), "1 task");
  EXPECT_EQ(client::number_of_tasks(3), "3 tasks");
}

}  // namespace
