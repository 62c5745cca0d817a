// SPDX-License-Identifier: BSL-1.0
#include "http/message/accept.hpp"

#include <gtest/gtest.h>

namespace {

using http::quality;

TEST(Accept, EmptyFieldAcceptsAll) {
  EXPECT_EQ(quality("text/html", ""), 1000);
  EXPECT_EQ(quality("text/html", " "), 1000);
}

TEST(Accept, IsDecidedByTheMostSpecificRange) {
  constexpr const char* accept = "text/*;q=0.3, text/html;q=0.7, */*;q=0.5";
  EXPECT_EQ(quality("text/html", accept), 700);
  EXPECT_EQ(quality("text/plain", accept), 300);
  EXPECT_EQ(quality("application/json", accept), 500);
  EXPECT_EQ(quality("application/json", "text/html"), 0);
  EXPECT_EQ(quality("text/html", "text/html;q=0, */*"), 0) << "q=0 is a refusal";
}

TEST(Accept, DoesNotMindLetterCase) {
  EXPECT_EQ(quality("text/html", "TEXT/HTML;Q=0.25"), 250);
  EXPECT_EQ(quality("text/html", "Text/*"), 1000);
}

TEST(Accept, OfABrowserPrefersHtml) {
  constexpr const char* browser =
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
  EXPECT_GT(quality("text/html", browser), quality("application/json", browser));
}

TEST(Accept, IgnoresMalformedRanges) {
  for (const char* accept : {"text/html;q=2", "text/html;q=x", "text/html;q=1.5", "text/html;q=0.1234",
                             "texthtml", ";", "text/html;q=1.001", "*"}) {
    EXPECT_EQ(quality("text/html", accept), 0) << accept;
  }
  EXPECT_EQ(quality("text/html", ",;,text/html;level=1;q=1.000"), 1000);
}

TEST(Accept, PrefersTheFirstOfEquals) {
  const auto preferred = [](http::HeaderViews headers) {
    return http::preferred(headers, {"application/json", "text/html", "text/plain"});
  };
  EXPECT_EQ(preferred({}), 0u);
  EXPECT_EQ(preferred({{"Accept", "*/*"}}), 0u);
  EXPECT_EQ(preferred({{"accept", "text/html,*/*;q=0.8"}}), 1u);
  EXPECT_EQ(preferred({{"Accept", "Text/Plain, text/html;q=0"}}), 2u);
  EXPECT_EQ(preferred({{"Accept", "text/html;q=0.5"}, {"Accept", "text/plain"}}), 2u)
      << "fields are one list";
  EXPECT_EQ(preferred({{"Accept", "image/png"}}), 0u) << "nothing fits, which may be ignored";
}

}  // namespace
