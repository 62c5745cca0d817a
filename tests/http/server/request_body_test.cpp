// SPDX-License-Identifier: BSL-1.0
#include "http/server/request_body.hpp"

#include <gtest/gtest.h>

#include "tests/support/socket_fixture.hpp"

namespace {

using namespace std::chrono_literals;
using http::server::Input;
using http::server::Output;
using http::server::RequestBody;

class RequestBodyTest : public support::SocketFixture {
 protected:
  RequestBodyTest() : reading(leash::with_cancel(root())) {
    leash::go(reading.ctx, input.read(reading.ctx), "reader");
  }
  void TearDown() override {
    reading.cancel();
    poll();
    EXPECT_EQ(leash::live_tasks(loop), 0u);
  }

  // Sends a head with these fields and what follows it, and waits until the parser has the head.
  void send_request(std::string_view fields, std::string_view rest) {
    send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(rest));
    EXPECT_TRUE(eventually([&] {
      const http::ParseStep step = parser.feed(input.unread());
      input.consume(step.consumed);
      return step.event == http::ParseEvent::head;
    }));
    body.start();
  }

  // The whole body, then the result.
  void read_all(leash::Context ctx) { leash::go(ctx, read_into(ctx, &body, &seen, &ended), "read"); }
  static leash::Task<> read_into(leash::Context ctx, RequestBody* from, std::string* all,
                                 std::optional<std::error_code>* end) {
    for (;;) {
      const leash::Result<std::string_view> piece = co_await from->next(ctx);
      if (!piece || piece->empty()) {
        *end = piece ? std::error_code() : piece.error();
        co_return;
      }
      *all += *piece;
    }
  }

  http::RequestParser parser{http::Limits{.body_bytes = 100}};
  http::server::MemoryBudget memory;
  Input input{socket, loop, watch, memory, [] { return false; }};
  Output output{socket, loop, memory, 30s};
  RequestBody body{parser, input, output, 10s};
  leash::Cancelable reading;
  std::string seen;
  std::optional<std::error_code> ended;
};

TEST_F(RequestBodyTest, ComesInPiecesAndEndsWithAnEmptyOne) {
  send_request("Content-Length: 10\r\n", "hello");
  read_all(root());
  EXPECT_TRUE(eventually([&] { return seen == "hello"; }));
  EXPECT_FALSE(ended);
  send("world");
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_FALSE(*ended);
  EXPECT_EQ(seen, "helloworld");
  EXPECT_EQ(body.fault().status, 0);
}

TEST_F(RequestBodyTest, RequestsExpectedBodyOnce) {
  send_request("Content-Length: 4\r\nExpect: 100-continue\r\n", "");
  read_all(root());
  std::string told;
  EXPECT_TRUE(eventually([&] { return !(told += received()).empty(); }));
  EXPECT_EQ(told, "HTTP/1.1 100 Continue\r\n\r\n");
  send("ab");
  EXPECT_TRUE(eventually([&] { return seen == "ab"; }));
  send("cd");
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_EQ(seen, "abcd");
  EXPECT_EQ(received(), "");
}

TEST_F(RequestBodyTest, SendsNoContinueAfterBodyStarts) {
  send_request("Content-Length: 4\r\nExpect: 100-continue\r\n", "ab");
  EXPECT_TRUE(eventually([&] { return !input.unread().empty(); }));
  read_all(root());
  send("cd");
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_EQ(received(), "");
}

TEST_F(RequestBodyTest, SendsNoContinueAfterResponseStarts) {
  send_request("Content-Length: 4\r\nExpect: 100-continue\r\n", "");
  output.begin(http::Response{.status = 200}, 4, {});
  read_all(root());
  send("abcd");
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_EQ(seen, "abcd");
  EXPECT_EQ(output.buffer().find("100 Continue"), std::string::npos) << output.buffer();
  EXPECT_EQ(received(), "");
}

TEST_F(RequestBodyTest, LateBodyIsClientFault) {
  send_request("Content-Length: 4\r\n", "ab");
  read_all(root());
  EXPECT_TRUE(eventually([&] { return seen == "ab"; }));
  advance(9s);
  send("c");
  EXPECT_TRUE(eventually([&] { return seen == "abc"; }));
  advance(9s);
  EXPECT_FALSE(ended) << "the time counts from the piece before";
  advance(2s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(body.fault().status, 408);
}

TEST_F(RequestBodyTest, MissingBodyAtDeadlineIsNoClientFault) {
  send_request("Content-Length: 4\r\n", "");
  auto [ctx, cancel] = leash::with_timeout(root(), 1s);
  read_all(ctx);
  clock.advance(1s);  // the task runs first: the deadline has passed, but its timer has not fired
  poll();
  ASSERT_TRUE(ended);
  EXPECT_EQ(*ended, leash::errc::deadline_exceeded);
  EXPECT_EQ(body.fault().status, 0);
}

TEST_F(RequestBodyTest, MalformedOrTooLargeBodyIsClientFault) {
  send_request("Transfer-Encoding: chunked\r\n", "2\r\nab\r\nx");
  read_all(root());
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_EQ(seen, "ab");
  EXPECT_EQ(body.fault().status, 400);
  EXPECT_FALSE(body.discard());
}

TEST_F(RequestBodyTest, ReportsDepartedClientAsDisconnected) {
  send_request("Content-Length: 4\r\n", "ab");
  read_all(root());
  close_client();
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_EQ(*ended, leash::errc::disconnected);
  EXPECT_EQ(body.fault().status, 0);
}

TEST_F(RequestBodyTest, IsNotReadUnderDoneContext) {
  send_request("Content-Length: 2\r\n", "ab");
  auto [ctx, cancel] = leash::with_cancel(root());
  cancel();
  read_all(ctx);
  EXPECT_TRUE(eventually([&] { return ended.has_value(); }));
  EXPECT_EQ(*ended, leash::errc::canceled);
}

TEST_F(RequestBodyTest, DiscardsReceivedPart) {
  send_request("Content-Length: 4\r\n", "ab");
  EXPECT_FALSE(body.discard()) << "two bytes are still to come";
  send("cdGET");
  EXPECT_TRUE(eventually([&] { return body.discard(); }));
  EXPECT_TRUE(eventually([&] { return input.unread().size() == 3; }));
}

}  // namespace
