// SPDX-License-Identifier: BSL-1.0
#include "http/message/serializer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/message/request_parser.hpp"
#include "http/message/response_parser.hpp"
#include "tests/http/message/transcript.hpp"

namespace http {
namespace {

const Reply plain{.date = "D"};

std::string serialized(const Response& response, const Reply& reply = plain) {
  std::string out;
  append_response(out, response, reply);
  return out;
}

TEST(Serializer, WritesAResponse) {
  Response response{.content_type = "text/plain", .body = "hello"};
  response.headers.add("Vary", "Accept");
  EXPECT_EQ(serialized(response),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\nVary: Accept\r\n"
            "Content-Length: 5\r\n\r\nhello");
}

TEST(Serializer, AppendsToExistingOutput) {
  std::string out = "before|";
  append_response(out, {.status = 404}, {});
  EXPECT_EQ(out, "before|HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST(Serializer, WritesSameHeadForHeadWithoutBody) {
  const Response response{.body = "hello"};
  Reply reply = plain;
  reply.head_request = true;
  EXPECT_EQ(serialized(response, reply) + "hello", serialized(response));
}

TEST(Serializer, WritesNoLengthWhereThereNeverIsABody) {
  EXPECT_EQ(serialized({.status = 204, .body = "ignored"}), "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n");
  EXPECT_EQ(serialized({.status = 304}), "HTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
}

TEST(Serializer, AnnouncesCloseOrKeepAlive) {
  const auto connection = [](bool close, int version_minor, bool peer_keep_alive) {
    const auto text =
        serialized({.close = close}, {.version_minor = version_minor, .peer_keep_alive = peer_keep_alive});
    const auto at = text.find("Connection: ");
    return at == std::string::npos ? std::string() : text.substr(at + 12, text.find('\r', at) - at - 12);
  };
  EXPECT_EQ(connection(false, 1, true), "");
  EXPECT_EQ(connection(true, 1, true), "close");
  EXPECT_EQ(connection(false, 1, false), "close");
  EXPECT_EQ(connection(false, 0, true), "keep-alive");
  EXPECT_EQ(connection(true, 0, true), "close");
}

TEST(Serializer, StreamsABodyOfUnknownSizeInChunks) {
  std::string out;
  EXPECT_EQ(append_response_head(out, {}, std::nullopt, {}), BodyFraming::chunked);
  append_chunk(out, "0123456789abcdef");
  append_chunk(out, "");
  append_chunk(out, "x");
  append_last_chunk(out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n");
  ResponseParser parser;
  EXPECT_EQ(test::parse_in_pieces(parser, out).body, "0123456789abcdefx");
}

TEST(Serializer, StreamsToAnOldPeerUntilTheConnectionCloses) {
  std::string out;
  EXPECT_EQ(append_response_head(out, {}, std::nullopt, {.version_minor = 0}), BodyFraming::until_close);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(Serializer, AnnouncesLengthOfFollowingBody) {
  std::string out;
  EXPECT_EQ(append_response_head(out, {}, 7, {}), BodyFraming::sized);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(append_response_head(out, {}, 7, {.head_request = true}), BodyFraming::none);
  EXPECT_EQ(append_response_head(out, {.status = 204}, std::nullopt, {}), BodyFraming::none);
}

TEST(Serializer, DerivesReplySettingsFromRequest) {
  const Request request{.method = Method::head, .version_minor = 0, .keep_alive = false};
  const Reply reply = Reply::to(request, "D");
  EXPECT_TRUE(reply.head_request);
  EXPECT_EQ(reply.version_minor, 0);
  EXPECT_FALSE(reply.peer_keep_alive);
  EXPECT_EQ(reply.date, "D");
}

TEST(Serializer, WritesContinue) {
  std::string out;
  append_continue(out);
  EXPECT_EQ(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(Serializer, WritesRequestReadableByParser) {
  OutgoingRequest request{.method = "POST", .target = "/a?b", .host = "h:1", .body = "hi", .close = true};
  request.headers.add("X", "y");
  std::string out;
  append_request(out, request);
  EXPECT_EQ(out,
            "POST /a?b HTTP/1.1\r\nHost: h:1\r\nX: y\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  RequestParser parser;
  EXPECT_EQ(test::parse_in_pieces(parser, out, 1).body, "hi");
}

TEST(Serializer, SendsContentLengthZeroOnlyWhereABodyIsUsual) {
  const auto head = [](std::string method) {
    std::string out;
    append_request(out, {.method = std::move(method), .host = "h"});
    return out;
  };
  EXPECT_EQ(head("GET"), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(head("PUT"), "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

TEST(Serializer, WritesTheHeadOfAChunkedRequest) {
  std::string out;
  append_request_head(out, {.method = "POST", .host = "h"}, std::nullopt);
  EXPECT_EQ(out, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(SerializerDeathTest, AbortsAndNamesTheFieldRatherThanSplittingAResponse) {
  const auto with = [](std::string name, std::string value) {
    Response response;
    response.headers.add(std::move(name), std::move(value));
    return serialized(response);
  };
  EXPECT_DEATH(with("X-Evil", "a\r\nSet-Cookie: b"), "'X-Evil' contains a control character in its value");
  EXPECT_DEATH(with("X-Evil", "a\nb"), "X-Evil");
  EXPECT_DEATH(with("X-Evil", std::string(1, '\0')), "X-Evil");
  EXPECT_DEATH(with("X Evil", "a"), "'X Evil' is not a field name");
  EXPECT_DEATH(with("X\r\nEvil", "a"), "'X..Evil' is not a field name");
  EXPECT_DEATH(with("", "a"), "is not a field name");
  for (const auto reserved : {"content-length", "Transfer-Encoding", "Connection", "Date"}) {
    EXPECT_DEATH(with(reserved, "1"), "is written by the serializer") << reserved;
  }
  EXPECT_DEATH(serialized({.content_type = "a/b", .headers = {{"content-type", "c/d"}}}),
               "'content-type' is written by the serializer");
  EXPECT_DEATH(serialized({.status = 99}), "'99' is not a status");
}

TEST(SerializerDeathTest, AbortsRatherThanSplittingARequest) {
  const auto write = [](const OutgoingRequest& request) {
    std::string out;
    append_request(out, request);
  };
  EXPECT_DEATH(write({.method = "G T"}), "is not a method");
  EXPECT_DEATH(write({.target = "/a b"}), "is not a request target");
  EXPECT_DEATH(write({.target = ""}), "is not a request target");
  EXPECT_DEATH(write({.host = "a\r\nX: y"}), "'Host' has an invalid value");
  EXPECT_DEATH(write({.headers = {{"host", "a"}}}), "is written by the serializer");
}

}  // namespace
}  // namespace http
