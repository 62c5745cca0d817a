// SPDX-License-Identifier: BSL-1.0
#include "loadgen/targets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loadgen {
namespace {

const http::Url base = *http::parse_url("http://127.0.0.1:8080/");

http::OutgoingRequest common() {
  http::OutgoingRequest message;
  message.host = "example.org";
  message.headers.add("Accept", "text/html");
  return message;
}

std::string wrong(std::string_view text) {
  const auto messages = parse_targets(text, base, common());
  return messages ? "accepted" : messages.error();
}

TEST(Targets, EachLineIsARequest) {
  const auto messages = parse_targets(R"({"url": "/a?b=c"}

{"method": "DELETE", "url": "http://127.0.0.1:8080/d", "headers": {"Host": "other", "X-A": "1"}}
{"url": "/e", "body": "f"})",
                                      base, common());
  ASSERT_TRUE(messages) << messages.error();
  ASSERT_EQ(messages->size(), 3u);
  EXPECT_EQ(messages->at(0).method, "GET");
  EXPECT_EQ(messages->at(0).target, "/a?b=c");
  EXPECT_EQ(messages->at(0).host, "example.org");
  EXPECT_EQ(messages->at(0).headers.find("Accept"), "text/html");
  EXPECT_EQ(messages->at(1).method, "DELETE");
  EXPECT_EQ(messages->at(1).target, "/d");
  EXPECT_EQ(messages->at(1).host, "other");
  EXPECT_EQ(messages->at(1).headers.find("X-A"), "1");
  EXPECT_EQ(messages->at(2).method, "POST") << "with a body";
  EXPECT_EQ(messages->at(2).body, "f");
}

TEST(Targets, ErrorNamesItsLine) {
  EXPECT_EQ(wrong(""), ": contains no request");
  EXPECT_EQ(wrong("\n\n"), ": contains no request");
  EXPECT_EQ(wrong("{\"url\":\"/\"}\n/b"), ", line 2: it is not a JSON object");
  EXPECT_EQ(wrong("{\"method\":\"GET\"}"),
            ", line 1: url is required; url, method and body must be strings, headers an object of strings");
  EXPECT_EQ(wrong("{\"url\":7}"),
            ", line 1: url is required; url, method and body must be strings, headers an object of strings");
  EXPECT_EQ(wrong("{\"url\":\"http://elsewhere/\"}"),
            ", line 1: the URL must be a path or begin with http://127.0.0.1:8080");
  EXPECT_EQ(wrong("{\"url\":\"/a b\"}"),
            ", line 1: the URL must be a path or begin with http://127.0.0.1:8080");
  EXPECT_EQ(wrong("{\"url\":\"/\",\"method\":\"A B\"}"), ", line 1: the method is not valid");
  EXPECT_EQ(wrong("{\"url\":\"/\",\"headers\":{\"A\":\"b\\nc\"}}"),
            ", line 1: headers: the value of A contains a control character");
  EXPECT_EQ(wrong(R"({"url":"/","headers":{"A\u001b\nB":"c"}})"),
            ", line 1: headers: 'A??B' is not a valid header name");
  EXPECT_EQ(wrong("{\"url\":\"/\",\"headers\":{\"Content-Length\":\"1\"}}"),
            ", line 1: headers: Content-Length cannot be set: the client sets it");
  EXPECT_EQ(wrong("{\"url\":\"/\",\"verb\":\"GET\"}"),
            ", line 1: unknown member; allowed are method, url, headers and body");
}

}  // namespace
}  // namespace loadgen
