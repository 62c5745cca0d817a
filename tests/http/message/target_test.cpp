// SPDX-License-Identifier: BSL-1.0
#include "http/message/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace http {
namespace {

using testing::HasSubstr;

TEST(SplitTarget, SplitsEachForm) {
  const struct {
    std::string_view target, path, query, authority;
  } cases[] = {
      {"/", "/", "", ""},
      {"/a/b?c=d?e", "/a/b", "c=d?e", ""},
      {"/?", "/", "", ""},
      {"*", "*", "", ""},
      {"http://h", "/", "", "h"},
      {"HTTP://h:1/a?b", "/a", "b", "h:1"},
      {"http://[::1]:8080?q", "/", "q", "[::1]:8080"},
  };
  for (const auto& one : cases) {
    const auto parts = split_target(one.target);
    ASSERT_TRUE(parts) << one.target;
    EXPECT_EQ(parts->path, one.path) << one.target;
    EXPECT_EQ(parts->query, one.query) << one.target;
    EXPECT_EQ(parts->authority, one.authority) << one.target;
  }
}

TEST(SplitTarget, RefusesEverythingElse) {
  for (const auto target : {"", "a", "?a", "/a#b", "/a b", "/\x80", "https://h/", "http://", "http:///a",
                            "http://u@h/", "http://h:0/", "**", "h:80"}) {
    EXPECT_FALSE(split_target(target)) << target;
  }
}

TEST(Authority, IsAHostAndPerhapsAPort) {
  for (const auto valid : {"a", "a.b-c_d", "127.0.0.1:80", "[::1]", "[fe80::1]:8080", "a:", "a:65535",
                           "a%20b", "[::ffff:1.2.3.4]", "[v1.x:y]", "a,b"}) {
    EXPECT_TRUE(is_valid_authority(valid)) << valid;
  }
  for (const auto invalid :
       {"",           ":80",    "a:b",    "a:65536", "a:-1",     "a:0",   "[::1",
        "[]",         "[::1]x", "[g::]",  "[1]",     "a b",      "a/b",   "u@a",
        "a,b\"",      "::1",    "a%2",    "a%zz",    "[::1::2]", "[:::]", "[1:2:3:4:5:6:7:8:9]",
        "[::1%25lo]", "[v1.]",  "[vx.a]", "[v.a]",   "[::1]80"}) {
    EXPECT_FALSE(is_valid_authority(invalid)) << invalid;
  }
}

TEST(PercentDecode, DecodesAndRefuses) {
  EXPECT_EQ(percent_decode("a%20%41%c3%A4+"), "a A\xc3\xa4+");
  EXPECT_EQ(percent_decode("a+b%2b", true), "a b+");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  for (const auto malformed : {"%", "%a", "%zz", "a%2", "%%41", "%-1"}) {
    EXPECT_FALSE(percent_decode(malformed)) << malformed;
  }
}

TEST(Query, KeepsDecodedParametersInOrder) {
  Query query;
  ASSERT_TRUE(query.parse("b=x+y&a=%3D1=2&&c&=d&b=2"));
  std::string all;
  for (const auto& [name, value] : query) all.append(name).append("<").append(value).append(">");
  EXPECT_EQ(all, "b<x y>a<=1=2>c<><d>b<2>");
  EXPECT_EQ(query.find("b"), "x y");
  EXPECT_EQ(query.count("b"), 2U);
  EXPECT_EQ(query.find("c"), "");
  EXPECT_FALSE(query.find("B"));
}

TEST(Query, IsReplacedByTheNextOne) {
  Query query;
  ASSERT_TRUE(query.parse("a=" + std::string(10'000, 'x') + "&b"));
  EXPECT_EQ(query.find("a"), std::string(10'000, 'x'));
  ASSERT_TRUE(query.parse("b=1"));
  EXPECT_EQ(query.size(), 1U);
  EXPECT_EQ(query.find("b"), "1");
  ASSERT_TRUE(query.parse(""));
  EXPECT_EQ(query.size(), 0U);
}

TEST(Query, RefusesMalformedEncoding) {
  Query query;
  EXPECT_FALSE(query.parse("a=%"));
  EXPECT_FALSE(query.parse("ok=1&%z=1"));
}

TEST(Url, HasHostPortAndTarget) {
  const struct {
    std::string_view text, host;
    int port;
    std::string_view target, authority;
  } cases[] = {
      {"http://h", "h", 80, "/", "h"},
      {"http://h/", "h", 80, "/", "h"},
      {"HTTP://h.org:8080/a/b?c=d", "h.org", 8080, "/a/b?c=d", "h.org:8080"},
      {"http://[::1]:81?x", "::1", 81, "/?x", "[::1]:81"},
      {"http://[::1]", "::1", 80, "/", "[::1]"},
      {"http://h/a#fragment", "h", 80, "/a", "h"},
      {"http://h#f", "h", 80, "/", "h"},
      {"http://h/a@b", "h", 80, "/a@b", "h"},
  };
  for (const auto& one : cases) {
    const auto url = parse_url(one.text);
    ASSERT_TRUE(url) << url.error();
    EXPECT_EQ(url->host, one.host) << one.text;
    EXPECT_EQ(url->port, one.port) << one.text;
    EXPECT_EQ(url->target, one.target) << one.text;
    EXPECT_EQ(url->authority(), one.authority) << one.text;
  }
}

TEST(Url, EmptyPortMeansDefaultPort) {
  EXPECT_EQ(parse_url("http://h:/")->port, 80);
  const auto tls = parse_url("https://h:/a", Https::allowed);
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->port, 443);
  EXPECT_TRUE(tls->tls);
  EXPECT_EQ(tls->origin(), "https://h");
  EXPECT_EQ(parse_url("https://h:80/", Https::allowed)->authority(), "h:80");
  EXPECT_FALSE(parse_url("https://h/"));
}

TEST(Url, ErrorNamesHttpsWhereItIsAllowed) {
  EXPECT_EQ(parse_url("h:80").error(), "URL 'h:80': must start with http://");
  EXPECT_EQ(parse_url("h:80", Https::allowed).error(), "URL 'h:80': must start with http:// or https://");
}

TEST(Url, ReportsErrorsInOneLine) {
  const struct {
    std::string_view text, error;
  } cases[] = {
      {"https://h/", "https is not supported"},
      {"h:80", "must start with http://"},
      {"", "must start with http://"},
      {"http://", "host is missing"},
      {"http://:80/", "host is missing"},
      {"http://u:p@h/", "user information"},
      {"http://a b/", "host is invalid"},
      {"http://[::1/", "host is invalid"},
      {"http://h:0/", "port"},
      {"http://h:65536/", "port"},
      {"http://h/a b", "percent-encoded"},
      {"http://h/\r\nX: y", "percent-encoded"},
  };
  for (const auto& one : cases) {
    const auto url = parse_url(one.text);
    ASSERT_FALSE(url) << one.text;
    EXPECT_THAT(url.error(), HasSubstr(one.error));
    EXPECT_EQ(url.error().find_first_of("\r\n"), std::string::npos);
  }
}

}  // namespace
}  // namespace http
