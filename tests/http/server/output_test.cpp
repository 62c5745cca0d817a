// SPDX-License-Identifier: BSL-1.0
#include "http/server/output.hpp"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "leash/sleep.hpp"
#include "tests/support/socket_fixture.hpp"

namespace {

using namespace std::chrono_literals;
using http::server::Output;

class OutputTest : public support::SocketFixture {
 protected:
  // Flushes once and keeps the result.
  void flush(leash::Context ctx) {
    leash::go(ctx, flush_into(ctx, &output, &flushed), "flush");
    poll();
  }
  static leash::Task<> flush_into(leash::Context ctx, Output* out, std::optional<leash::Result<>>* result) {
    *result = co_await out->flush(ctx);
  }

  http::server::MemoryBudget memory;
  Output output{socket, loop, memory, 30s};
  std::optional<leash::Result<>> flushed;
  http::Reply reply{.date = "now"};
};

TEST_F(OutputTest, SendsBufferContents) {
  output.buffer() = "hello";
  flush(root());
  ASSERT_TRUE(flushed);
  EXPECT_TRUE(*flushed);
  EXPECT_EQ(output.buffer(), "");
  EXPECT_TRUE(eventually([&] { return received() == "hello"; }));
}

TEST_F(OutputTest, SendsAtOnceWhatTheSocketTakes) {
  output.buffer() = "hello";
  EXPECT_TRUE(output.flush_at_once());
  EXPECT_EQ(output.buffer(), "");
  EXPECT_TRUE(eventually([&] { return received() == "hello"; }));
}

TEST_F(OutputTest, LeavesToFlushWhatTheSocketDoesNotTake) {
  std::string sent;
  char c = 'a';
  do {
    output.buffer() = std::string(60'000, c);
    sent += output.buffer();
    c = c == 'z' ? 'a' : static_cast<char>(c + 1);
  } while (output.flush_at_once());
  EXPECT_NE(output.buffer(), "");
  flush(root());
  std::string all;
  EXPECT_TRUE(eventually([&] { return (all += received()).size() >= sent.size(); }));
  EXPECT_TRUE(all == sent);
  EXPECT_TRUE(eventually([&] { return flushed && *flushed; }));
}

TEST_F(OutputTest, KeepsNoMemoryForALargeResponse) {
  output.buffer() = std::string(200'000, 'x');
  flush(root());
  std::string all;
  EXPECT_TRUE(eventually([&] { return (all += received()).size() == 200'000; }));
  EXPECT_TRUE(eventually([&] { return flushed.has_value(); }));
  EXPECT_LT(output.buffer().capacity(), 100'000u);
}

TEST_F(OutputTest, FailsWithoutProgressAndIsBrokenThen) {
  output.buffer() = std::string(64'000'000, 'x');
  flush(root());
  advance(29s);
  EXPECT_FALSE(flushed);
  advance(2s);
  ASSERT_TRUE(flushed);
  EXPECT_EQ(flushed->error(), leash::errc::deadline_exceeded);
  EXPECT_TRUE(output.broken());
}

TEST_F(OutputTest, GoesOnAsLongAsThereIsProgress) {
  constexpr std::size_t step = 20'000'000;  // more than the buffers of both ends hold
  output.buffer() = std::string(4 * step, 'x');
  flush(root());
  std::size_t got = 0;
  for (std::size_t wanted = step; wanted <= 3 * step; wanted += step) {
    advance(20s);
    EXPECT_TRUE(eventually([&] { return (got += received().size()) >= wanted; }));
    EXPECT_FALSE(output.broken());
  }
  EXPECT_TRUE(eventually([&] { return (got += received().size()) == 4 * step; }));
  EXPECT_TRUE(eventually([&] { return flushed && *flushed; }));
}

TEST_F(OutputTest, GoesOnAsLongAsTheClientAcknowledges) {
  const auto unacknowledged = [this] {
    int bytes = 0;
    (void)::ioctl(socket.native_handle(), SIOCOUTQ, &bytes);
    return bytes;
  };
  output.buffer() = std::string(64'000'000, 'x');
  flush(root());
  // Enough for the client's kernel to announce room, but too little for our kernel to call the socket writable.
  std::string piece(200'000, '\0');
  for (int i = 0; i < 5; ++i) {
    const int before = unacknowledged();
    EXPECT_TRUE(eventually([&] {
      EXPECT_GT(::recv(client, piece.data(), piece.size(), MSG_DONTWAIT), 0);
      return unacknowledged() != before;
    }));
    advance(20s);
    ASSERT_FALSE(flushed) << i;
  }
  advance(31s);
  ASSERT_TRUE(flushed);
  EXPECT_EQ(flushed->error(), leash::errc::deadline_exceeded);
}

TEST_F(OutputTest, ProducesBodyOnDemand) {
  constexpr std::uint64_t size = 20'000'000;
  std::uint64_t made = 0;
  http::server::BodySource body{size, [&made](std::string& to, std::uint64_t at, std::size_t count) {
                                  EXPECT_EQ(at, made);
                                  made += count;
                                  to.append(count, 'x');
                                }};
  output.append({.status = 200}, std::move(body), reply);
  EXPECT_TRUE(output.wants_flush());
  flush(root());
  EXPECT_LT(made, size) << "the client has taken nothing yet";
  std::size_t got = 0;
  EXPECT_TRUE(eventually([&] { return (got += received().size()) > size && flushed; }));
  EXPECT_TRUE(*flushed);
  EXPECT_EQ(made, size);
  EXPECT_FALSE(output.wants_flush());
}

TEST_F(OutputTest, MakesNoBodyForHead) {
  reply.head_request = true;
  http::server::BodySource body{5, [](std::string&, std::uint64_t, std::size_t) { FAIL(); }};
  output.append({.status = 200}, std::move(body), reply);
  EXPECT_TRUE(output.buffer().ends_with("Content-Length: 5\r\n\r\n")) << output.buffer();
  EXPECT_FALSE(output.wants_flush());
}

TEST_F(OutputTest, DropsUnsentStream) {
  output.begin({.status = 200}, std::nullopt, reply);
  output.append_piece("hello");
  EXPECT_TRUE(output.is_held_back());
  output.give_up_stream();
  EXPECT_EQ(output.buffer(), "");
  EXPECT_FALSE(output.stream());
  output.begin({.status = 200}, std::nullopt, reply);
  output.append_piece(std::string(5'000, 'x'));
  EXPECT_FALSE(output.is_held_back());
  output.begin({.status = 200}, std::nullopt, reply);
  flush(root());
  EXPECT_FALSE(output.is_held_back());
}

TEST_F(OutputTest, EndsWithItsContext) {
  auto [ctx, cancel] = leash::with_cancel(root());
  output.buffer() = std::string(64'000'000, 'x');
  flush(ctx);
  EXPECT_FALSE(flushed);
  cancel();
  poll();
  ASSERT_TRUE(flushed);
  EXPECT_FALSE(*flushed);
  EXPECT_TRUE(output.broken());
}

TEST_F(OutputTest, BreaksWhenClientIsGone) {
  reset_client();
  EXPECT_TRUE(eventually([&] {
    output.buffer() = "x";
    flush(root());
    return flushed && !*flushed;
  }));
  EXPECT_EQ(flushed->error(), leash::errc::disconnected);
  EXPECT_TRUE(output.broken());
}

TEST_F(OutputTest, StreamsABodyOfKnownSize) {
  output.begin({.status = 200}, 5, reply);
  output.append_piece("hel");
  output.append_piece("lo");
  EXPECT_TRUE(output.finish());
  EXPECT_EQ(output.buffer(), "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello");
  output.forget_stream();
  EXPECT_FALSE(output.stream());
}

TEST_F(OutputTest, StreamsABodyOfUnknownSizeInChunks) {
  output.begin({.status = 200}, std::nullopt, reply);
  output.append_piece("hello");
  output.append_piece("");
  EXPECT_TRUE(output.finish());
  EXPECT_TRUE(output.buffer().ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n")) << output.buffer();
}

TEST_F(OutputTest, StreamsNoBodyToHead) {
  reply.head_request = true;
  output.begin({.status = 200}, 5, reply);
  output.append_piece("hello");
  EXPECT_TRUE(output.finish());
  EXPECT_TRUE(output.buffer().ends_with("Content-Length: 5\r\n\r\n")) << output.buffer();
}

TEST_F(OutputTest, DetectsTooShortStream) {
  output.begin({.status = 200}, 5, reply);
  output.append_piece("hell");
  EXPECT_FALSE(output.finish());
}

TEST_F(OutputTest, AbortsOnStreamBeyondAnnouncedLength) {
  output.begin({.status = 200}, 5, reply);
  EXPECT_DEATH(output.append_piece("hello!"), "streams more than it announced");
}

}  // namespace
