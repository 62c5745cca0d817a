// SPDX-License-Identifier: BSL-1.0
#include "http/message/request_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "tests/http/message/transcript.hpp"

namespace http {
namespace {

using test::parse_in_pieces;
using test::Transcript;
using testing::HasSubstr;
using testing::Not;

static_assert(std::is_nothrow_move_constructible_v<RequestParser>);
static_assert(!std::is_copy_constructible_v<RequestParser>);

const std::string host = "Host: a\r\n";

std::string get(std::string_view fields) {
  return "GET / HTTP/1.1\r\n" + host + std::string(fields) + "\r\n";
}
std::string post(std::string_view fields_and_body) {
  return "POST / HTTP/1.1\r\n" + host + std::string(fields_and_body);
}
std::string chunked(std::string_view body) {
  return post("Transfer-Encoding: chunked\r\n\r\n" + std::string(body));
}

// The same result however the bytes are split.
Transcript parse(std::string_view bytes, const Limits& limits = {}) {
  RequestParser whole(limits);
  const Transcript expected = parse_in_pieces(whole, bytes);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) {
    RequestParser parser(limits);
    EXPECT_EQ(parse_in_pieces(parser, bytes, piece), expected) << "in pieces of " << piece;
  }
  return expected;
}

TEST(RequestParser, HandsOutTheHeadOfASimpleRequest) {
  RequestParser parser;
  const std::string bytes =
      "GET /a%20b/c?x=1&y HTTP/1.1\r\nHost: example.org:8080\r\nX-One:  two words \t\r\nEmpty:\r\nx-one: "
      "3\r\n\r\n";
  EXPECT_TRUE(parser.idle());
  const ParseStep step = parser.feed(bytes);
  ASSERT_EQ(step.event, ParseEvent::head);
  EXPECT_EQ(step.consumed, bytes.size());
  EXPECT_TRUE(parser.complete());
  EXPECT_FALSE(parser.idle());

  const Request& request = parser.request();
  EXPECT_EQ(request.method, Method::get);
  EXPECT_EQ(request.method_name, "GET");
  EXPECT_EQ(request.target, "/a%20b/c?x=1&y");
  EXPECT_EQ(request.path, "/a%20b/c");
  EXPECT_EQ(request.query, "x=1&y");
  EXPECT_EQ(request.version_minor, 1);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(request.has_body());
  EXPECT_FALSE(request.content_length);
  ASSERT_EQ(request.headers.size(), 4U);
  EXPECT_EQ(request.headers.find("X-ONE"), "two words");
  EXPECT_EQ(request.headers.count("x-one"), 2U);
  EXPECT_EQ(request.headers.find("empty"), "");

  EXPECT_EQ(parser.feed({}).event, ParseEvent::complete);
  EXPECT_EQ(parser.feed({}).event, ParseEvent::complete);
}

TEST(RequestParser, GivesTheSameRequestByteByByte) {
  RequestParser parser;
  const std::string bytes =
      "\r\nPOST /p?q=1 HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 3\r\nA: " + std::string(3000, 'x') +
      "\r\n\r\nabc";
  const Transcript seen = parse_in_pieces(parser, bytes, 1);
  EXPECT_EQ(seen, (Transcript{.last = ParseEvent::complete, .had_head = true, .body = "abc"}));
  EXPECT_EQ(parser.request().target, "/p?q=1");
  EXPECT_EQ(parser.request().path, "/p");
  EXPECT_EQ(parser.request().query, "q=1");
  EXPECT_EQ(parser.request().method_name, "POST");
  EXPECT_EQ(parser.request().headers.find("host"), "[::1]:80");
  EXPECT_EQ(parser.request().headers.find("a")->size(), 3000U);
  EXPECT_EQ(parser.request().content_length, 3U);
}

TEST(RequestParser, LeavesPipelinedBytesToTheCaller) {
  RequestParser parser;
  std::string bytes;
  for (int i = 0; i < 3; ++i) {
    bytes += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    bytes += "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    bytes += "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n";
  }
  std::vector<std::string> seen;
  while (!bytes.empty()) {
    const Transcript one = parse_in_pieces(parser, bytes);
    ASSERT_EQ(one.last, ParseEvent::complete);
    seen.push_back(std::string(parser.request().target) + one.body);
    bytes = one.rest;
    parser.reset();
    EXPECT_TRUE(parser.idle());
  }
  EXPECT_THAT(seen, testing::ElementsAre("/0hi", "/x", "/cyo", "/1hi", "/x", "/cyo", "/2hi", "/x", "/cyo"));
}

TEST(RequestParser, HandsOutBodiesWithoutCopyingThem) {
  RequestParser parser;
  const std::string bytes = post("Content-Length: 10\r\n\r\n0123456789next");
  const ParseStep head = parser.feed(bytes);
  const ParseStep body = parser.feed(std::span(bytes).subspan(head.consumed));
  EXPECT_EQ(body.event, ParseEvent::body);
  EXPECT_EQ(body.body, "0123456789");
  EXPECT_EQ(body.body.data(), bytes.data() + head.consumed);
  EXPECT_EQ(body.consumed, 10U);
}

TEST(RequestParser, DecodesChunkedBodies) {
  for (const auto& bytes :
       {chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), chunked("00b\r\nhello world\r\n000\r\n\r\n"),
        chunked("B;a=\"d e\"\r\nhello world\r\n0\r\n\r\n"), chunked("B ; a = b\r\nhello world\r\n0\r\n\r\n"),
        chunked("b\r\nhello world\r\n0\r\nTrailer: x\r\nOther:\r\n\r\n")}) {
    EXPECT_EQ(
        parse(bytes + "rest"),
        (Transcript{.last = ParseEvent::complete, .had_head = true, .body = "hello world", .rest = "rest"}))
        << bytes;
  }
  EXPECT_EQ(parse(chunked("0\r\n\r\n")).last, ParseEvent::complete);
}

TEST(RequestParser, DoesNotAddTrailersToTheHeaders) {
  RequestParser parser;
  EXPECT_EQ(parse_in_pieces(parser, chunked("0\r\nX-Late: 1\r\n\r\n")).last, ParseEvent::complete);
  EXPECT_EQ(parser.request().headers.size(), 2U);
}

TEST(RequestParser, KnowsWhetherTheConnectionStays) {
  const struct {
    std::string bytes;
    bool keep_alive;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-A, Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: ,close,\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alives\r\n\r\n", false},
  };
  for (const auto& one : cases) {
    RequestParser parser;
    ASSERT_EQ(parser.feed(one.bytes).event, ParseEvent::head) << one.bytes;
    EXPECT_EQ(parser.request().keep_alive, one.keep_alive) << one.bytes;
  }
}

TEST(RequestParser, DetectsExpectationOfContinue) {
  RequestParser parser;
  parser.feed(post("Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_TRUE(parser.request().expect_continue);
  EXPECT_FALSE(parser.complete());

  RequestParser without_body;
  without_body.feed(get("Expect: 100-continue\r\n"));
  EXPECT_FALSE(without_body.request().expect_continue);

  for (const char* value : {"100-continue, ,100-CONTINUE", "", ",", "100-continue\r\nExpect: 100-continue"}) {
    RequestParser list;
    EXPECT_EQ(list.feed(post("Expect: " + std::string(value) + "\r\nContent-Length: 5\r\n\r\n")).event,
              ParseEvent::head);
    EXPECT_EQ(list.request().expect_continue, std::string_view(value).starts_with("100")) << value;
  }

  for (const char* value :
       {"wonders", "100-continue, wonders", "100-continue=1", "100-continue\r\nExpect: wonders"}) {
    EXPECT_EQ(parse(get("Expect: " + std::string(value) + "\r\n")).status, 417) << value;
  }
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nExpect: wonders\r\n\r\n").last, ParseEvent::complete);
}

TEST(RequestParser, AcceptsTheUsualFormsOfTargets) {
  for (const auto& line :
       {"GET http://a/b?c HTTP/1.1", "OPTIONS * HTTP/1.1", "GET /? HTTP/1.1", "GET // HTTP/1.1",
        "DELETE /%7a HTTP/1.1", "PATCH /a{b}|c HTTP/1.1", "GET /?%zz HTTP/1.1", "GET http://a HTTP/1.1",
        "GET http://a?b HTTP/1.1", "GET http://[::1]:80/ HTTP/1.1", "GET HTTP://a/ HTTP/1.1",
        "OPTIONS http://a:1 HTTP/1.1"}) {
    EXPECT_EQ(parse(std::string(line) + "\r\nHost: a\r\n\r\n").last, ParseEvent::complete) << line;
  }
  RequestParser parser;
  parser.feed(std::string_view("GET http://b:1/c?d HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(parser.request().path, "/c");
  EXPECT_EQ(parser.request().query, "d");
}

TEST(RequestParser, TakesAUrlWithoutAPathAsTheServerItselfForOptions) {
  for (const auto& [line, path] : {std::pair("OPTIONS http://a:80 HTTP/1.1", "*"),
                                   {"OPTIONS http://a/ HTTP/1.1", "/"},
                                   {"OPTIONS http://a?b HTTP/1.1", "/"},
                                   {"OPTIONS http://a/a HTTP/1.1", "/a"},
                                   {"GET http://a HTTP/1.1", "/"}}) {
    RequestParser parser;
    EXPECT_EQ(parser.feed(std::string(line) + "\r\nHost: a\r\n\r\n").event, ParseEvent::head) << line;
    EXPECT_EQ(parser.request().path, path) << line;
  }
}

TEST(RequestParser, ReadsLaterMinorVersionsAs1Dot1) {
  RequestParser parser;
  ASSERT_EQ(parser.feed(std::string_view("GET / HTTP/1.7\r\nHost: a\r\n\r\n")).event, ParseEvent::head);
  EXPECT_EQ(parser.request().version_minor, 1);
  EXPECT_TRUE(parser.request().keep_alive);
}

TEST(RequestParser, IgnoresEmptyElementsOfATransferEncoding) {
  for (const char* value : {", chunked", "chunked,", " ,\t, chunked , ,", "\r\nTransfer-Encoding: chunked"}) {
    const auto seen =
        parse(post("Transfer-Encoding:" + std::string(value) + "\r\n\r\n2\r\nab\r\n0\r\n\r\n") + "next");
    EXPECT_EQ(seen,
              (Transcript{.last = ParseEvent::complete, .had_head = true, .body = "ab", .rest = "next"}))
        << value;
  }
}

TEST(RequestParser, IgnoresAnOfferToUpgrade) {
  const auto seen = parse(get("Connection: Upgrade\r\nUpgrade: h2c\r\n") + "next");
  EXPECT_EQ(seen, (Transcript{.last = ParseEvent::complete, .had_head = true, .rest = "next"}));
}

TEST(RequestParser, IgnoresEmptyLinesBeforeARequest) {
  RequestParser parser;
  EXPECT_EQ(parser.feed(std::string_view("\r\n\r")).event, ParseEvent::need_more);
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parse("\r\n\r\n" + get("")).last, ParseEvent::complete);
}

TEST(RequestParser, TakesTabsAroundALengthForSpaces) {
  for (const char* value : {"\t2\t", "2 \t ", "2\t\t", "\t 2"}) {
    const auto bytes = post("Content-Length:" + std::string(value) + "\r\nX: y\t\r\n\r\nhi");
    EXPECT_EQ(parse(bytes).body, "hi") << value;
    RequestParser parser;
    parser.feed(bytes);
    EXPECT_EQ(parser.request().headers.size(), 3U);
  }
  EXPECT_EQ(parse(post("Content-Length: 2\t2\r\n\r\nhi")).status, 400);
}

TEST(RequestParser, RejectsContentLengthTogetherWithTransferEncoding) {
  EXPECT_EQ(parse(post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")).status, 400);
  EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n")).status, 400);
  EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n")).status, 400);
}

TEST(RequestParser, RejectsInvalidRequests) {
  const struct {
    std::string bytes;
    int status;
    std::string detail;
  } cases[] = {
      // request line
      {"BREW / HTTP/1.1\r\n", 501, "method"},
      {"CONNECT a:1 HTTP/1.1\r\n", 501, "method"},
      {"get / HTTP/1.1\r\n", 501, "method"},
      {"G(T / HTTP/1.1\r\n", 400, "method"},
      {" / HTTP/1.1\r\n", 400, "method"},
      {"GET / HTTP/2.0\r\n", 505, "supported"},
      {"PRI * HTTP/2.0\r\n", 505, "supported"},
      {"GET / HTTP/0.9\r\n", 505, "supported"},
      {"GET / HTTP/3.0\r\n", 505, "supported"},
      {"GET / HTTP/1.10\r\n", 400, "version"},
      {"GET / http/1.1\r\n", 400, "version"},
      {"GET / RTSP/1.0\r\n", 400, "version"},
      {"GET /\r\n", 400, "request line"},
      {"GET\r\n", 400, "request line"},
      {"GET  / HTTP/1.1\r\n", 400, "target"},
      {"GET / HTTP/1.1 \r\n", 400, "version"},
      {"GET\t/ HTTP/1.1\r\n", 400, "request line"},
      {"GET /a b HTTP/1.1\r\n", 400, "target"},
      {"GET /a\tb HTTP/1.1\r\n", 400, "target"},
      {"GET /\xff HTTP/1.1\r\n", 400, "target"},
      {"GET /#f HTTP/1.1\r\n", 400, "fragment"},
      {"GET a HTTP/1.1\r\n", 400, "target"},
      {"GET /%zz HTTP/1.1\r\n", 400, "%"},
      {"GET /%7 HTTP/1.1\r\n", 400, "%"},
      {"GET /<a> HTTP/1.1\r\n", 400, "target"},
      {"GET http://u@a/ HTTP/1.1\r\n", 400, "host"},
      {"GET https://a/ HTTP/1.1\r\n", 400, "target"},
      {"GET * HTTP/1.1\r\n", 400, "OPTIONS"},
      {"GET http:///a HTTP/1.1\r\n", 400, "host"},
      // line structure
      {"GET / HTTP/1.1\nHost: a\n\n", 400, "line feed"},
      {get("A: b\n"), 400, "line feed"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "line feed"},
      {get("A: b\rC: d\r\n"), 400, "carriage return"},
      {get("A: b\r\r\n"), 400, "carriage return"},
      {get("A: b\r\n c\r\n"), 400, "continued"},
      {get("A: b\r\n\tc\r\n"), 400, "continued"},
      {get("A:\r\n b\r\n"), 400, "continued"},
      {get(std::string("A: b\0c\r\n", 8)), 400, "control"},
      {get("A: b\x01\r\n"), 400, "control"},
      {get("A: b\x7f\r\n"), 400, "control"},
      {get("A\x02: b\r\n"), 400, "control"},
      {"\x16\x03\x01\x02", 400, "control"},  // a TLS greeting
      // fields
      {get("A : b\r\n"), 400, "name"},
      {get("A\t: b\r\n"), 400, "name"},
      {get("A b: c\r\n"), 400, "name"},
      {get(": b\r\n"), 400, "no name"},
      {get("no colon\r\n"), 400, "name"},
      {get("A\xc3\xa4: b\r\n"), 400, "name"},
      {get("A(: b\r\n"), 400, "name"},
      // Host
      {"GET / HTTP/1.1\r\n\r\n", 400, "missing"},
      {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400, "repeated"},
      {"GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", 400, "repeated"},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "invalid"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "invalid"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "invalid"},
      {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "invalid"},
      {"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, "invalid"},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "invalid"},
      // Content-Length
      {post("Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400, "repeated"},
      {post("Content-Length: 1, 1\r\n\r\na"), 400, "Content-Length"},
      {post("Content-Length: -1\r\n\r\na"), 400, "Content-Length"},
      {post("Content-Length: +1\r\n\r\na"), 400, "Content-Length"},
      {post("Content-Length: 0x1\r\n\r\na"), 400, "Content-Length"},
      {post("Content-Length: 1 1\r\n\r\na"), 400, "Content-Length"},
      {post("Content-Length:\r\n\r\na"), 400, "Content-Length"},
      {post("Content-Length: 99999999999999999999\r\n\r\na"), 400, "Content-Length"},
      // Transfer-Encoding
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "HTTP/1.0"},
      {post("Transfer-Encoding: gzip\r\n\r\n"), 501, "coding"},
      {post("Transfer-Encoding: gzip, chunked\r\n\r\n"), 501, "coding"},
      {post("Transfer-Encoding: chunked, gzip\r\n\r\n"), 400, "last"},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n"), 400, "last"},
      {post("Transfer-Encoding: chunked;a=b\r\n\r\n"), 501, "coding"},
      {post("Transfer-Encoding: identity\r\n\r\n"), 501, "coding"},
      {post("Transfer-Encoding: xchunked\r\n\r\n"), 501, "coding"},
      {post("Transfer-Encoding: chunked, chunked\r\n\r\n"), 400, "repeated"},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, "repeated"},
      {post("Transfer-Encoding:\r\n\r\n"), 400, "Transfer-Encoding"},
      {post("Transfer-Encoding: ,\r\n\r\n"), 400, "Transfer-Encoding"},
      // chunks
      {chunked("x\r\n"), 400, "chunk size"},
      {chunked("-1\r\n"), 400, "chunk size"},
      {chunked("\r\n"), 400, "chunk size"},
      {chunked("0x1\r\na"), 400, "chunk size"},
      {chunked("1\na\r\n0\r\n\r\n"), 400, "chunk size"},
      {chunked("1 \r\na\r\n0\r\n\r\n"), 400, "chunk size"},
      {chunked("fffffffffffffffff\r\n"), 400, "chunk size"},
      {chunked("1\r\nab\r\n"), 400, "A chunk"},
      {chunked("1\r\na\n0\r\n\r\n"), 400, "A chunk"},
      {chunked("1\r\na0\r\n\r\n"), 400, "A chunk"},
      {chunked("0\r\n\n"), 400, "line feed"},
      {chunked("0\r\n: b\r\n\r\n"), 400, "no name"},
      {chunked("0\r\nA : b\r\n\r\n"), 400, "name"},
      {chunked("0\r\nA: b\r\n c\r\n\r\n"), 400, "continued"},
  };
  for (const auto& one : cases) {
    const Transcript seen = parse(one.bytes);
    EXPECT_EQ(seen.last, ParseEvent::error) << one.bytes;
    EXPECT_EQ(seen.status, one.status) << one.bytes;
    EXPECT_THAT(seen.detail, HasSubstr(one.detail)) << one.bytes;
    EXPECT_TRUE(seen.detail.ends_with('.')) << seen.detail;
  }
}

TEST(RequestParser, EnforcesRequestLineLimitExactly) {
  const std::string rest_of_line = "GET / HTTP/1.1";
  const auto line = [&](std::size_t size) {
    return "GET /" + std::string(size - rest_of_line.size(), 'a') + " HTTP/1.1";
  };
  EXPECT_EQ(parse(line(8192) + "\r\nHost: a\r\n\r\n").last, ParseEvent::complete);
  EXPECT_EQ(parse(line(8193) + "\r\nHost: a\r\n\r\n").status, 414);
  EXPECT_EQ(parse(line(9000).substr(0, 8192)).last, ParseEvent::need_more);
  EXPECT_EQ(parse(line(9000).substr(0, 8193)).status, 414) << "without waiting for the end of the line";
}

TEST(RequestParser, EnforcesHeadLimitExactly) {
  const Limits limits{.request_line = 50, .head_bytes = 100};
  const auto bytes = [&](std::size_t size) {
    return get("A: " + std::string(size - get("A: \r\n").size(), 'x') + "\r\n");
  };
  ASSERT_EQ(bytes(100).size(), 100U);
  EXPECT_EQ(parse(bytes(100), limits).last, ParseEvent::complete);
  EXPECT_EQ(parse(bytes(101), limits).status, 431);
  EXPECT_EQ(parse(std::string(51, '\r'), limits).status, 400);
  std::string empty_lines;
  for (int i = 0; i < 51; ++i) empty_lines += "\r\n";
  EXPECT_EQ(parse(empty_lines, limits).status, 431) << "empty lines count";
}

TEST(RequestParser, EnforcesFieldLimitExactly) {
  const Limits limits{.header_fields = 3};
  EXPECT_EQ(parse(get("A: 1\r\nB: 2\r\n"), limits).last, ParseEvent::complete);
  EXPECT_EQ(parse(get("A: 1\r\nB: 2\r\nC: 3\r\n"), limits).status, 431);
  EXPECT_EQ(parse(chunked("0\r\nA: 1\r\nB: 1\r\nC: 1\r\n\r\n"), limits).last, ParseEvent::complete);
  EXPECT_EQ(parse(chunked("0\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n"), limits).status, 431)
      << "trailers count";
}

TEST(RequestParser, RejectsALargeContentLengthBeforeTheBody) {
  const Limits limits{.body_bytes = 5};
  EXPECT_EQ(parse(post("Content-Length: 5\r\n\r\nabcde"), limits).body, "abcde");
  const auto seen = parse(post("Content-Length: 6\r\n\r\n"), limits);
  EXPECT_EQ(seen.status, 413);
  EXPECT_FALSE(seen.had_head);
}

TEST(RequestParser, RejectsChunkedBodyGrowingPastLimit) {
  const Limits limits{.body_bytes = 5};
  EXPECT_EQ(parse(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), limits).body, "abcde");
  const auto seen = parse(chunked("3\r\nabc\r\n3\r\n"), limits);
  EXPECT_EQ(seen.status, 413);
  EXPECT_EQ(seen.body, "abc");
  EXPECT_EQ(parse(chunked("ffffffffffffffff\r\n"), limits).status, 413);
}

TEST(RequestParser, RejectsEndlessChunkFraming) {
  const Limits limits{.head_bytes = 200};
  EXPECT_EQ(parse(chunked("1;" + std::string(100, 'x') + "\r\na\r\n0\r\n\r\n"), limits).last,
            ParseEvent::complete);
  EXPECT_EQ(parse(chunked("1;" + std::string(300, 'x')), limits).status, 400);
  EXPECT_EQ(parse(chunked(std::string(300, '0')), limits).status, 400);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "1;" + std::string(30, 'x') + "\r\na\r\n";
  EXPECT_EQ(parse(chunked(many), limits).status, 400) << "in sum";
  std::string small;
  for (int i = 0; i < 1000; ++i) small += "1\r\na\r\n";
  EXPECT_EQ(parse(chunked(small + "0\r\n\r\n"), limits).body.size(), 1000U);
}

TEST(RequestParser, NeverEchoesPeerInput) {
  EXPECT_THAT(parse("GET /secret\xff HTTP/1.1\r\n").detail, Not(HasSubstr("secret")));
  EXPECT_THAT(parse(get("secret : x\r\n")).detail, Not(HasSubstr("secret")));
}

TEST(RequestParser, StaysFailedAfterAnError) {
  RequestParser parser;
  ASSERT_EQ(parser.feed(std::string_view("nonsense\r\n")).event, ParseEvent::error);
  parser.reset();
  const ParseStep again = parser.feed(get(""));
  EXPECT_EQ(again.event, ParseEvent::error);
  EXPECT_EQ(again.consumed, 0U);
  EXPECT_EQ(parser.error().status, 400);
}

TEST(RequestParser, ForgetsTheRequestBefore) {
  RequestParser parser;
  parse_in_pieces(parser, post("Content-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\na"));
  parser.reset();
  parse_in_pieces(parser, get(""));
  EXPECT_TRUE(parser.request().keep_alive);
  EXPECT_FALSE(parser.request().expect_continue);
  EXPECT_FALSE(parser.request().content_length);
  EXPECT_EQ(parser.request().headers.size(), 1U);
}

TEST(RequestParser, MoveKeepsRequest) {
  RequestParser parser;
  parser.feed(get("A: 1\r\n"));
  RequestParser moved = std::move(parser);
  EXPECT_EQ(moved.request().headers.find("a"), "1");
  EXPECT_EQ(moved.feed({}).event, ParseEvent::complete);
}

}  // namespace
}  // namespace http
