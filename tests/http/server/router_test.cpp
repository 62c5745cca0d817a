// SPDX-License-Identifier: BSL-1.0
#include "http/server/router.hpp"

#include <gtest/gtest.h>

#include "http/message/request_parser.hpp"

namespace {

class RouterTest : public testing::Test {
 protected:
  // A request as the parser makes it; the parser keeps what it views.
  const http::Request& request(std::string_view method, std::string_view target) {
    const std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    parser_ = http::RequestParser();
    EXPECT_EQ(parser_.feed(text).event, http::ParseEvent::head);
    return parser_.request();
  }

  http::RequestParser parser_;
  server::Router router_{{{"/a",
                           server::RouteLabel::index,
                           {http::Method::get},
                           [](server::Exchange&) { return http::Response{}; },
                           {}}}};
};

TEST_F(RouterTest, FindsARouteByItsPath) {
  const auto found = router_.find(request("GET", "/a?x=1"));
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->path, "/a");
}

TEST_F(RouterTest, HeadIsAllowedWhereGetIs) { EXPECT_TRUE(router_.find(request("HEAD", "/a"))); }

TEST_F(RouterTest, AnUnknownPathIs404) {
  const auto found = router_.find(request("GET", "/b"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().response.status, 404);
}

TEST_F(RouterTest, AMethodThatIsNotAllowedIs405WithAllow) {
  const auto found = router_.find(request("DELETE", "/a"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().response.status, 405);
  EXPECT_EQ(found.error().response.headers.find("Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, OptionsIsAnsweredWithAllow) {
  const auto found = router_.find(request("OPTIONS", "/a"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().response.status, 204);
  EXPECT_EQ(found.error().response.headers.find("Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, OptionsOfTheServerItselfListsWhatIsAllowedSomewhere) {
  const server::Router both(
      {{"/a", server::RouteLabel::index, {http::Method::post}, {}, {}},
       {"/b", server::RouteLabel::index, {http::Method::get, http::Method::post}, {}, {}}});
  const auto found = both.find(request("OPTIONS", "*"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().response.status, 204);
  EXPECT_EQ(found.error().response.headers.find("Allow"), "GET, HEAD, POST, OPTIONS");
}

}  // namespace
