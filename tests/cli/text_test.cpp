// SPDX-License-Identifier: BSL-1.0
#include "cli/text.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Text, HasNoControlCharacters) {
  EXPECT_EQ(cli::without_control_characters("a\x1b[31mb\tc\x7f\n"), "a?[31mb?c??");
  EXPECT_EQ(cli::without_control_characters("m\xc3\xbcnchen"), "m\xc3\xbcnchen");
  EXPECT_EQ(cli::without_control_characters("a\xc2\x9b"
                                            "31m"),
            "a?31m");  // CSI as one character
}

TEST(Text, ReplacesInvalidUtf8) {
  EXPECT_EQ(cli::without_control_characters("a\x9b"
                                            "31m"),
            "a?31m");  // CSI to a terminal of 8 bits
  EXPECT_EQ(cli::without_control_characters("\xc3"), "?");
  EXPECT_EQ(cli::without_control_characters("\xe2\x82x"), "??x");
  EXPECT_EQ(cli::without_control_characters("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
}

TEST(Text, IsMeasuredInCharacters) {
  EXPECT_EQ(cli::cells("abc"), 3u);
  EXPECT_EQ(cli::cells("…bc"), 3u);
  EXPECT_EQ(cli::clipped("…bc", 2), "…b");
  EXPECT_EQ(cli::clipped("…bc", 9), "…bc");
  EXPECT_EQ(cli::clipped("abc", 0), "");
}

TEST(Text, IsShortenedAtItsBeginning) {
  EXPECT_EQ(cli::shortened_in_front("server/patterns/send.cpp:17", 12), "…send.cpp:17");
  EXPECT_EQ(cli::shortened_in_front("send.cpp:17", 11), "send.cpp:17");
  EXPECT_EQ(cli::shortened_in_front("\xc3\xbc\xc3\xbc\xc3\xbc", 2), "…\xc3\xbc");
  EXPECT_EQ(cli::shortened_in_front("abc", 1), "…");
  EXPECT_EQ(cli::shortened_in_front("abc", 0), "");
}

TEST(Text, WrappedLinesKeepTheirIndent) {
  EXPECT_EQ(cli::wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(cli::wrapped("one two three", 8), "one two\nthree");
  EXPECT_EQ(cli::wrapped("  one two\n\nsix", 6), "  one\n  two\n\nsix");
  EXPECT_EQ(cli::wrapped("incomprehensible thing", 5), "incomprehensible\nthing");
  EXPECT_EQ(cli::wrapped("  incomprehensible", 5), "  incomprehensible");
  EXPECT_EQ(cli::wrapped("", 5), "");
}

TEST(Text, PaddingCountsCellsAndNotBytes) {
  EXPECT_EQ(cli::cells("µs–█"), 4U);
  EXPECT_EQ(cli::pad_left("5 µs", 6), "  5 µs");
  EXPECT_EQ(cli::pad_right("5 µs", 6), "5 µs  ");
  EXPECT_EQ(cli::pad_left("long", 2), "long");
}

}  // namespace
