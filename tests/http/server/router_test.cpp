// SPDX-License-Identifier: BSL-1.0
#include "http/server/router.hpp"

#include <gtest/gtest.h>

#include "http/message/request_parser.hpp"

namespace {

using http::server::Exchange;

class RouterTest : public testing::Test {
 protected:
  // A request from the parser, which owns the viewed text.
  const http::Request& request(std::string_view method, std::string_view target) {
    const std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    parser_ = http::RequestParser();
    EXPECT_EQ(parser_.feed(text).event, http::ParseEvent::head);
    return parser_.request();
  }

  http::RequestParser parser_;
  http::server::Router router_{
      {{http::Method::get, "/a", "?x=", "what it does", [](Exchange&) { return http::Response{}; }}}};
};

TEST_F(RouterTest, FindsARouteByItsPath) {
  const auto found = router_.find(request("GET", "/a?x=1"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->route->path, "/a");
  EXPECT_EQ(router_.labels()[found->label], "/a");
}

TEST_F(RouterTest, DecodesWhatNeedsNoEncodingInAPath) {
  const auto nothing = [](Exchange&) { return http::Response{}; };
  const http::server::Router deeper({{http::Method::get, "/a/b", "", "", nothing}});
  EXPECT_TRUE(router_.find(request("GET", "/%61")));
  EXPECT_TRUE(deeper.find(request("GET", "/a/%62")));
  EXPECT_FALSE(deeper.find(request("GET", "/a%2Fb"))) << "an encoded slash separates nothing";
  EXPECT_FALSE(router_.find(request("GET", "/%2561"))) << "it is decoded once";
}

TEST_F(RouterTest, HeadIsAllowedWhereGetIs) { EXPECT_TRUE(router_.find(request("HEAD", "/a"))); }

TEST_F(RouterTest, AnUnknownPathIs404) {
  const auto found = router_.find(request("GET", "/b"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().response.status, 404);
  EXPECT_EQ(router_.labels()[found.error().label], "other");
}

TEST_F(RouterTest, AnswersDisallowedMethodWith405AndAllow) {
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

TEST_F(RouterTest, OptionsOfServerListsAllAllowedMethods) {
  const auto nothing = [](Exchange&) { return http::Response{}; };
  const http::server::Router both({{http::Method::post, "/a", "", "", nothing},
                                   {http::Method::get, "/b", "", "", nothing},
                                   {http::Method::post, "/b", "", "", nothing}});
  const auto found = both.find(request("OPTIONS", "*"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().response.status, 204);
  EXPECT_EQ(found.error().response.headers.find("Allow"), "GET, HEAD, POST, OPTIONS");
}

TEST_F(RouterTest, RoutesOfOnePathShareLabelAndAllow) {
  const auto nothing = [](Exchange&) { return http::Response{}; };
  const http::server::Router both(
      {{http::Method::get, "/mode", "", "the mode", nothing}, {http::Method::put, "/mode", "", "", nothing}});
  EXPECT_EQ(both.labels(), (std::vector<std::string>{"/mode", "other"}));
  const auto put = both.find(request("PUT", "/mode"));
  ASSERT_TRUE(put);
  EXPECT_EQ(put->route->method, http::Method::put);
  const auto refused = both.find(request("DELETE", "/mode"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(both.labels()[refused.error().label], "/mode");
  EXPECT_EQ(refused.error().response.headers.find("Allow"), "GET, HEAD, PUT, OPTIONS");
}

TEST_F(RouterTest, IndexListsRoutes) {
  EXPECT_EQ(router_.index(), "{\"routes\":[{\"route\":\"GET /a?x=\",\"what\":\"what it does\"}]}\n");
}

}  // namespace
