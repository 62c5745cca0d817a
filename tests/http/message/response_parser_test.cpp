// SPDX-License-Identifier: BSL-1.0
#include "http/message/response_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/http/message/transcript.hpp"

namespace http {
namespace {

using test::parse_in_pieces;
using test::Transcript;
using testing::HasSubstr;

Transcript parse_response(std::string_view bytes, RequestKind kind = RequestKind::other,
                          const ResponseLimits& limits = {}) {
  ResponseParser whole(limits);
  whole.reset(kind);
  const Transcript expected = parse_in_pieces(whole, bytes);
  for (const std::size_t piece : {1U, 2U, 5U}) {
    ResponseParser parser(limits);
    parser.reset(kind);
    EXPECT_EQ(parse_in_pieces(parser, bytes, piece), expected) << "in pieces of " << piece;
  }
  return expected;
}

TEST(ResponseParser, HandsOutHeadAndBody) {
  ResponseParser parser;
  const Transcript seen = parse_in_pieces(
      parser, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nX: y\r\n\r\ngoneHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(seen.body, "gone");
  EXPECT_EQ(seen.rest, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(parser.response().status, 404);
  EXPECT_EQ(parser.response().reason, "Not Found");
  EXPECT_EQ(parser.response().headers.find("x"), "y");
  EXPECT_EQ(parser.response().content_length, 4U);
  EXPECT_TRUE(parser.keep_alive());
}

TEST(ResponseParser, DecodesChunks) {
  const auto seen = parse_response(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\nrest");
  EXPECT_EQ(seen,
            (Transcript{.last = ParseEvent::complete, .had_head = true, .body = "abcde", .rest = "rest"}));
}

TEST(ResponseParser, ReadsABodyWithoutLengthUntilTheConnectionCloses) {
  ResponseParser parser;
  const auto seen = parse_in_pieces(parser, "HTTP/1.1 200 OK\r\n\r\nall of it");
  EXPECT_EQ(seen.body, "all of it");
  EXPECT_EQ(seen.last, ParseEvent::need_more);
  EXPECT_EQ(parser.on_eof(), ParseEvent::complete);
  EXPECT_EQ(parser.feed({}).event, ParseEvent::complete);
  EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, TellsACutOffResponseFromACompleteOne) {
  const struct {
    std::string bytes;
    ParseEvent at_eof;
  } cases[] = {
      {"", ParseEvent::error},
      {"HTTP/1.1 200 O", ParseEvent::error},
      {"HTTP/1.1 200 OK\r\nA: b\r\n", ParseEvent::error},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", ParseEvent::error},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", ParseEvent::complete},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", ParseEvent::error},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", ParseEvent::error},
      {"HTTP/1.1 200 OK\r\n\r\n", ParseEvent::complete},
      {"HTTP/1.1 100 Continue\r\n\r\n", ParseEvent::error},
      {"nonsense\r\n", ParseEvent::error},
  };
  for (const auto& one : cases) {
    ResponseParser parser;
    parse_in_pieces(parser, one.bytes);
    EXPECT_EQ(parser.on_eof(), one.at_eof) << one.bytes;
  }
  ResponseParser parser;
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parser.on_eof(), ParseEvent::error);
  EXPECT_THAT(parser.error().detail, HasSubstr("closed"));
}

TEST(ResponseParser, RecognizesResponsesWithoutBody) {
  for (const std::string line : {"HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified"}) {
    for (const std::string fields : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
      const auto seen = parse_response(line + "\r\n" + fields + "\r\nrest");
      EXPECT_EQ(seen, (Transcript{.last = ParseEvent::complete, .had_head = true, .rest = "rest"}))
          << line << fields;
    }
  }
  for (const std::string fields : {"", "Content-Length: 99999999\r\n", "Transfer-Encoding: chunked\r\n"}) {
    ResponseParser parser;
    parser.reset(RequestKind::head);
    const auto seen = parse_in_pieces(parser, "HTTP/1.1 200 OK\r\n" + fields + "\r\nrest");
    EXPECT_EQ(seen.rest, "rest") << fields;
    EXPECT_TRUE(parser.keep_alive()) << fields;
  }
}

TEST(ResponseParser, SkipsInterimResponses) {
  ResponseParser parser;
  const auto seen = parse_in_pieces(parser,
                                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
                                    1);
  EXPECT_EQ(seen, (Transcript{.last = ParseEvent::complete, .had_head = true, .body = "a"}));
  EXPECT_EQ(parser.response().status, 200);
  EXPECT_FALSE(parser.response().headers.find("link"));
}

TEST(ResponseParser, IsNotIdleAfterAnInterimResponse) {
  ResponseParser parser;
  parse_in_pieces(parser, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_FALSE(parser.idle());
  parser.reset();
  EXPECT_TRUE(parser.idle());
}

TEST(ResponseParser, KnowsWhetherTheConnectionStays) {
  const struct {
    std::string head;
    bool keep_alive;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true},
  };
  for (const auto& one : cases) {
    ResponseParser parser;
    EXPECT_FALSE(parser.keep_alive());
    parse_in_pieces(parser, one.head);
    EXPECT_EQ(parser.keep_alive(), one.keep_alive) << one.head;
  }
}

TEST(ResponseParser, RejectsInvalidResponses) {
  std::string interim;
  for (int i = 0; i < 1001; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  const struct {
    std::string bytes;
    std::string detail;
  } cases[] = {
      {"SSH-2.0-x\r\n", "not an HTTP response"},
      {"HTTP/2.0 200 OK\r\n", "supported"},
      {"HTTP/1.1 20 OK\r\n", "three digits"},
      {"HTTP/1.1 2000 OK\r\n", "three digits"},
      {"HTTP/1.1 099 OK\r\n", "three digits"},
      {"HTTP/1.1 2x0 OK\r\n", "three digits"},
      {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "switched"},
      {interim, "interim"},
      {"HTTP/1.1 200 OK\nA: b\n\n", "line feed"},
      {"HTTP/1.1 200 OK\r\n c\r\n\r\n", "continued"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "Content-Length"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coding"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", "chunk size"},
  };
  for (const auto& one : cases) {
    const auto seen = parse_response(one.bytes);
    EXPECT_EQ(seen.last, ParseEvent::error) << one.bytes;
    EXPECT_EQ(seen.status, 502) << one.bytes;
    EXPECT_THAT(seen.detail, HasSubstr(one.detail)) << one.bytes;
  }
}

TEST(ResponseParser, AFoldedFieldHasBlanksForTheLineBreak) {
  ResponseParser parser;
  parse_in_pieces(parser, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(parser.complete());
  EXPECT_EQ(parser.response().headers.find("A"), "b   c  \td");
}

TEST(ResponseParser, AcceptsAStatusLineWithoutAReason) {
  for (const std::string line : {"HTTP/1.1 200 ", "HTTP/1.1 200"}) {
    EXPECT_EQ(parse_response(line + "\r\nContent-Length: 1\r\n\r\na").body, "a") << line;
  }
}

TEST(ResponseParser, KeepsToItsLimits) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const auto other = RequestKind::other;
  EXPECT_EQ(parse_response(ok + "A: " + std::string(70000, 'x')).last, ParseEvent::error);
  EXPECT_EQ(parse_response(ok + "A: 1\r\nB: 2\r\n\r\n", other, {.header_fields = 1}).last, ParseEvent::error);
  EXPECT_EQ(parse_response(ok + "Content-Length: 3\r\n\r\n", other, {.body_bytes = 2}).last,
            ParseEvent::error);
  EXPECT_EQ(parse_response(ok + "\r\nab", other, {.body_bytes = 2}).body, "ab");
  EXPECT_EQ(parse_response(ok + "Transfer-Encoding: chunked\r\n\r\n3\r\n", other, {.body_bytes = 2}).last,
            ParseEvent::error);
  ResponseParser parser({.body_bytes = 2});
  EXPECT_EQ(parse_in_pieces(parser, ok + "\r\nabc").last, ParseEvent::error) << "until the connection closes";
}

}  // namespace
}  // namespace http
