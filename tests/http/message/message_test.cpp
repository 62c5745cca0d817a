// SPDX-License-Identifier: BSL-1.0
#include "http/message/message.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace http {
namespace {

static_assert(std::is_nothrow_move_constructible_v<Headers>);
static_assert(is_bodiless(100) && is_bodiless(204) && is_bodiless(304) && !is_bodiless(200));

TEST(Headers, KeepTheirOrderAndAllowRepetition) {
  Headers headers{{"B", "1"}, {"A", "2"}};
  headers.add("b", "3");
  std::string all;
  for (const auto& [name, value] : headers) all += name + value;
  EXPECT_EQ(all, "B1A2b3");
  EXPECT_EQ(headers.count("B"), 2U);
  EXPECT_EQ(headers.find("b"), "1");
  EXPECT_FALSE(headers.find("c"));
}

TEST(Headers, SetReplacesEveryFieldOfTheName) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("a", "4");
  EXPECT_EQ(headers.count("a"), 1U);
  EXPECT_EQ(headers.begin()->value, "4");
  headers.set("C", "5");
  EXPECT_EQ(headers.find("c"), "5");
  EXPECT_EQ(headers.size(), 3U);
}

TEST(Method, HasTheSameNameBothWays) {
  for (const auto method : {Method::get, Method::head, Method::post, Method::put, Method::delete_,
                            Method::options, Method::patch, Method::trace}) {
    EXPECT_EQ(parse_method(to_string(method)), method);
  }
  EXPECT_EQ(to_string(Method::delete_), "DELETE");
  EXPECT_FALSE(parse_method("get"));
  EXPECT_FALSE(parse_method(""));
}

TEST(ReasonPhrase, IsTheRegisteredOne) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace
}  // namespace http
