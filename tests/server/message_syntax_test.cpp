// SPDX-License-Identifier: BSL-1.0
// Sends each case of the tables over a real socket, as a whole and byte by byte, and checks the outcome.

#include "tests/server/message_syntax_cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "tests/support/server_process.hpp"
#include "tests/support/strict_response.hpp"

namespace {

using support::RawClient;
using support::ServerProcess;
using support::StrictReading;
using support::StrictResponse;
using syntax::After;
using syntax::Case;
using syntax::Port;

// The printable form of bytes.
std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (byte < 0x20 || byte >= 0x7f) {
      constexpr const char* digits = "0123456789abcdef";
      text += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
    } else {
      text += c;
    }
  }
  return text;
}

class MessageSyntax : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<ServerProcess>(std::vector<std::string>{"--admin-names", "a,probe"});
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(server_->stop(), 0);
    server_.reset();
  }

  static std::uint16_t port(Port which) {
    return which == Port::open ? server_->port() : server_->admin_port();
  }

  // Everything that the server sends until it closes, also in answer to another request directly after the case.
  static StrictReading converse(const Case& one, std::size_t piece) {
    const std::string bytes = one.bytes + "GET /?probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
    RawClient client(port(one.port));
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      client.send(std::string_view(bytes).substr(at, piece));
    }
    const auto& heads = one.outcome.heads;
    auto seen = support::read_strictly(
        client.receive_all(), [&](std::size_t nth) { return std::ranges::find(heads, nth) != heads.end(); });
    if (!client.closed_by_server()) seen.fault = "the connection is still open";
    return seen;
  }

  static void check(const Case& one, std::size_t piece) {
    SCOPED_TRACE("RFC " + one.rfc + ": " + printable(one.what) + "\n" + printable(one.bytes) +
                 (piece == 1 ? "\nbyte by byte" : ""));
    StrictReading seen = converse(one, piece);
    ASSERT_EQ(seen.fault, "");

    const auto& wanted = one.outcome;
    const bool answered_probe = seen.responses.size() == wanted.statuses.size() + 1;
    if (answered_probe) {
      EXPECT_NE(wanted.after, After::closes) << "a response to what follows";
      EXPECT_EQ(seen.responses.back().status, 200);
      seen.responses.pop_back();
    } else {
      EXPECT_NE(wanted.after, After::stays) << "what follows was not answered";
    }
    std::vector<int> statuses;
    for (const StrictResponse& response : seen.responses) statuses.push_back(response.status);
    ASSERT_EQ(statuses, wanted.statuses);

    const StrictResponse& last = seen.responses.back();
    EXPECT_EQ(last.closes(), !answered_probe);
    for (const auto& [name, value] : wanted.fields) EXPECT_EQ(last.field(name), value) << name;
    for (const std::string& name : wanted.absent) EXPECT_EQ(last.field(name), std::nullopt) << name;
    for (std::size_t i = 0; i < wanted.bodies.size(); ++i)
      EXPECT_EQ(seen.responses[i].body, wanted.bodies[i]);
  }

  static void check(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
      check(one, one.bytes.size() + 100);
      check(one, 1);
    }
  }

  static std::unique_ptr<ServerProcess> server_;
};
std::unique_ptr<ServerProcess> MessageSyntax::server_;

TEST_F(MessageSyntax, OfRequestLines) { check(syntax::request_lines()); }
TEST_F(MessageSyntax, OfTargets) { check(syntax::targets()); }
TEST_F(MessageSyntax, OfFields) { check(syntax::fields()); }
TEST_F(MessageSyntax, OfHost) { check(syntax::hosts()); }
TEST_F(MessageSyntax, OfContentLength) { check(syntax::content_lengths()); }
TEST_F(MessageSyntax, OfTransferEncoding) { check(syntax::transfer_encodings()); }
TEST_F(MessageSyntax, OfChunks) { check(syntax::chunks()); }
TEST_F(MessageSyntax, OfTrailers) { check(syntax::trailers()); }
TEST_F(MessageSyntax, OfExpect) { check(syntax::expectations()); }
TEST_F(MessageSyntax, OfMethods) { check(syntax::methods()); }
TEST_F(MessageSyntax, OfConnectionPersistence) { check(syntax::persistence()); }
TEST_F(MessageSyntax, OfPipelines) { check(syntax::pipelines()); }

// RFC 9110 section 9.3.2: the same fields; Date may differ.
TEST_F(MessageSyntax, HeadHasTheFieldsOfGet) {
  const std::pair<Port, const char*> targets[] = {
      {Port::open, "/"},        {Port::open, "/healthz"}, {Port::open, "/backend?latency=0&payload=77"},
      {Port::open, "/nowhere"}, {Port::open, "/echo"},    {Port::open, "/demo?pattern=none"},
      {Port::admin, "/mode"},   {Port::admin, "/"},       {Port::admin, "/debug/leaks?format=text"},
  };
  for (const auto& [where, target] : targets) {
    SCOPED_TRACE(target);
    const auto ask = [&, where = where, target = target](const std::string& method) {
      RawClient client(port(where));
      client.send(method + " " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      StrictReading seen =
          support::read_strictly(client.receive_all(), [&](std::size_t) { return method == "HEAD"; });
      EXPECT_EQ(seen.fault, "");
      seen.responses.resize(1);
      std::erase_if(seen.responses[0].fields, [](const auto& field) { return field.first == "Date"; });
      return seen.responses[0];
    };
    const StrictResponse got = ask("GET");
    const StrictResponse head = ask("HEAD");
    EXPECT_EQ(head.status, got.status);
    EXPECT_EQ(head.fields, got.fields);
    EXPECT_EQ(head.body, "");
    EXPECT_NE(got.body, "");
  }
}

// A response that has begun cannot be replaced. It is cut off, and no later request is answered.
TEST_F(MessageSyntax, FramingErrorCutsStartedStream) {
  const std::string_view end = "the end.\r\n";
  RawClient client(server_->port());
  client.send(syntax::chunked("1400\r\n" + std::string(0x1400 - 8, 'h') + std::string(end)));
  std::string seen = client.receive_until(end);
  client.send("x\r\n" + syntax::get());
  seen += client.receive_all();
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_TRUE(seen.ends_with(end)) << seen;
}

TEST_F(MessageSyntax, RefusesAFramingErrorBeforeAStreamHasBegun) {
  RawClient client(server_->port());
  client.send(syntax::chunked("5\r\nhello\r\n"));
  client.send("x\r\n" + syntax::get());
  const StrictReading reading = support::read_strictly(client.receive_all());
  EXPECT_EQ(reading.fault, "");
  ASSERT_EQ(reading.responses.size(), 1u);
  EXPECT_EQ(reading.responses[0].status, 400);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(MessageSyntax, ContinueIsSentOnceAndOnlyToWhomWaits) {
  RawClient client(server_->admin_port());
  client.send(
      "PUT /mode HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\nExpect: 100-continue\r\nConnection: "
      "close\r\n\r\n");
  std::string seen = client.receive_until("\r\n\r\n");
  EXPECT_TRUE(seen.starts_with("HTTP/1.1 100 ")) << seen;
  client.send("{\"mode\":");
  EXPECT_EQ(client.receive_all(std::chrono::milliseconds(50)), "");
  client.send("\"fixed\"}");
  seen += client.receive_all();
  const StrictReading reading = support::read_strictly(seen);
  EXPECT_EQ(reading.fault, "");
  EXPECT_EQ(reading.interim, 1u);
  ASSERT_EQ(reading.responses.size(), 1u);
  EXPECT_EQ(reading.responses[0].status, 200);
}

TEST(MessageSyntaxTables, HaveAtLeast150DifferentCasesAndNameTheirSections) {
  std::set<std::string> different;
  for (const auto& cases :
       {syntax::request_lines(), syntax::targets(), syntax::fields(), syntax::hosts(),
        syntax::content_lengths(), syntax::transfer_encodings(), syntax::chunks(), syntax::trailers(),
        syntax::expectations(), syntax::methods(), syntax::persistence(), syntax::pipelines()}) {
    for (const Case& one : cases) {
      EXPECT_TRUE(one.rfc.starts_with("9110 ") || one.rfc.starts_with("9112 ") ||
                  one.rfc.starts_with("9113 ") || one.rfc.starts_with("3986 "))
          << one.rfc;
      different.insert(one.bytes);
    }
  }
  EXPECT_GE(different.size(), 150u);
  RecordProperty("cases", static_cast<int>(different.size()));
}

}  // namespace
