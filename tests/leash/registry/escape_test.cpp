// SPDX-License-Identifier: BSL-1.0
#include "leash/src/registry/escape.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace leash::detail {
namespace {

TEST(Escape, LeavesPrintableTextUnchanged) {
  for (const std::string_view text :
       {"", "GET /x?a=b", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x95", "a\\b \"c\""}) {
    EXPECT_EQ(escaped(text), text);
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(Escape, ControlCharactersAndBadUtf8AreWrittenAsCodes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a\nb\tc\rd", R"(a\nb\tc\rd)"},
      {"\x1b[2J", R"(\x1b[2J)"},
      {std::string_view("\0\x7f", 2), R"(\x00\x7f)"},
      {"caf\xe9", R"(caf\xe9)"},
      {"\xc0\xaf", R"(\xc0\xaf)"},                   // '/' in two bytes
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},           // half of a surrogate pair
      {"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},   // beyond the last code point
      {"\xe2\x82", R"(\xe2\x82)"},                   // cut off
      {std::string_view("\xc3\xa9", 1), R"(\xc3)"},  // what follows the text does not belong to it
      {"\xc2\x9b"
       "31m",
       R"(\u{9b}31m)"},  // CSI as one character
      {"a\xe2\x80\xa8"
       "b",
       R"(a\u{2028}b)"},  // line separator
      {"\xe2\x80\xae"
       "evil",
       R"(\u{202e}evil)"},                   // right to left
      {"\xf3\xa0\x81\x81", R"(\u{e0041})"},  // invisible tag
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(escaped(text), expected);
}

TEST(Escape, QuotedTextHasNoQuoteOfItsOwn) {
  EXPECT_EQ(quoted("a\"b\\n\n"), R"("a\"b\\n\n")");
  EXPECT_EQ(quoted(""), R"("")");
}

TEST(Escape, ValidUtf8ReplacesOnlyInvalidBytes) {
  EXPECT_EQ(valid_utf8("caf\xe9\n"), "caf\xef\xbf\xbd\n");
  EXPECT_EQ(valid_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace leash::detail
