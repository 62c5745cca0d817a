// SPDX-License-Identifier: BSL-1.0
#include "http/message/html.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Html, TextCannotEndItsElementOrItsAttribute) {
  EXPECT_EQ(http::escape_html("<b title=\"a\">R&D</b>"), "&lt;b title=&quot;a&quot;&gt;R&amp;D&lt;/b&gt;");
  EXPECT_EQ(http::escape_html("&amp;"), "&amp;amp;") << "text, not HTML already";
}

TEST(Html, OtherTextIsAsItWas) { EXPECT_EQ(http::escape_html("replica 2 \xc3\xbc"), "replica 2 \xc3\xbc"); }

}  // namespace
