// SPDX-License-Identifier: BSL-1.0
#include "http/transport/socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>

#include "leash/via.hpp"
#include "tests/support/kernel_stamps.hpp"
#include "tests/support/socket_fixture.hpp"

namespace {

using http::ReadBuffer;

class SocketTest : public support::SocketFixture {
 protected:
  struct Read {
    std::string bytes;
    bool nothing_left;
    http::ArrivalTime arrived;
  };
  Read read(std::size_t most = 100) {
    bool nothing_left = false;
    std::string bytes(most, '\0');
    http::ArrivalTime arrived(std::chrono::nanoseconds(1));
    const ReadBuffer buffer(bytes.data(), most, nullptr, &arrived);
    const ssize_t n = http::receive(socket.native_handle(), buffer, nothing_left);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return {bytes, nothing_left, arrived};
  }
  bool is_readable() {
    char byte = 0;
    return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK) == 1;
  }

  // Reads until the end or an error.
  static leash::Task<> read_all(leash::Context ctx, http::Socket& from, std::string& to) {
    char chunk[4];
    for (;;) {
      const auto n = co_await from.async_read_some(ReadBuffer(chunk, sizeof chunk), leash::via(ctx));
      if (!n) {
        to += n.error() == asio::error::eof ? "(end)" : "(error)";
        co_return;
      }
      to.append(chunk, *n);
    }
  }
};

TEST_F(SocketTest, ReadReportsWhetherBytesAreLeft) {
  send("hello");
  EXPECT_FALSE(read(2).nothing_left);
  const Read rest = read(3);
  EXPECT_EQ(rest.bytes, "llo");
  EXPECT_TRUE(rest.nothing_left);
  EXPECT_FALSE(read().nothing_left) << "it read nothing";
}

TEST_F(SocketTest, ReadReportsThatTheEndIsLeft) {
  send("hello");
  ::shutdown(client, SHUT_WR);
  const Read last = read();
  EXPECT_EQ(last.bytes, "hello");
  EXPECT_FALSE(last.nothing_left);
}

TEST_F(SocketTest, ReadTellsAtOnceWhetherBytesHadArrived) {
  static_assert(http::reads_report);
  char bytes[100];
  bool before = false;
  bool later = false;
  const auto read_five = [&](bool& has_read) {
    return socket.async_read_some(ReadBuffer(bytes, 5, &has_read), leash::via(root()));
  };
  send("helloworld");
  {
    const auto first = read_five(before);
    EXPECT_TRUE(before);
    const auto second = read_five(later);
    EXPECT_TRUE(later);
  }
  io.poll();
  later = false;
  const auto third = read_five(later);
  EXPECT_FALSE(later) << "nothing is left";
  send("more");
  EXPECT_TRUE(eventually([&] { return later; }));
}

TEST_F(SocketTest, ReadReportsWhenTheLastBytesArrived) {
  const support::KernelStamps stamps;
  http::report_arrivals(socket);
  const auto before = std::chrono::system_clock::now();
  send("hello");
  while (!is_readable()) continue;
  const auto arrived = std::chrono::system_clock::now();
  const Read all = read();
  EXPECT_TRUE(all.nothing_left) << "it is still reported";
  EXPECT_GE(all.arrived, before);
  EXPECT_LE(all.arrived, arrived) << "it was read later";
  EXPECT_EQ(read().arrived, http::ArrivalTime()) << "it read nothing";
}

TEST_F(SocketTest, ReadReportsNoArrivalUnlessAsked) {
  const support::KernelStamps stamps;
  send("hello");
  EXPECT_EQ(read().arrived, http::ArrivalTime());
}

TEST_F(SocketTest, ReadsOfAUnixSocketReportNothing) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  http::Socket local(io.get_executor());
  local.assign(asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  http::report_rest(local);
  http::report_arrivals(local);
  const support::KernelStamps stamps;
  ASSERT_EQ(::send(ends[1], "hello", 5, 0), 5);
  char bytes[100];
  bool nothing_left = false;
  http::ArrivalTime arrived;
  const ReadBuffer buffer(bytes, sizeof bytes, nullptr, &arrived);
  EXPECT_EQ(http::receive(local.native_handle(), buffer, nothing_left), 5);
  EXPECT_FALSE(nothing_left);
  EXPECT_EQ(arrived, http::ArrivalTime());
  ::close(ends[1]);
}

TEST_F(SocketTest, LaterBytesAndTheEndAreReadAfterNothingWasLeft) {
  std::string all;
  leash::go(root(), read_all(root(), socket, all), "test");
  for (const std::string expected : {"a", "ab", "abcdefg", "abcdefgh"}) {
    send(std::string_view(expected).substr(all.size()));
    EXPECT_TRUE(eventually([&] { return all == expected; })) << all;
  }
  send("i");
  close_client();
  EXPECT_TRUE(eventually([&] { return all == "abcdefghi(end)"; })) << all;
}

TEST_F(SocketTest, ResetIsReadAfterNothingWasLeft) {
  std::string all;
  leash::go(root(), read_all(root(), socket, all), "test");
  send("a");
  EXPECT_TRUE(eventually([&] { return all == "a"; })) << all;
  reset_client();
  EXPECT_TRUE(eventually([&] { return all == "a(error)"; })) << all;
}

TEST_F(SocketTest, ReadIsCanceledByItsContext) {
  std::string all;
  auto [ctx, cancel] = leash::with_cancel(root());
  leash::go(root(), read_all(ctx, socket, all), "test");
  send("a");
  EXPECT_TRUE(eventually([&] { return all == "a"; })) << all;
  cancel();
  EXPECT_TRUE(eventually([&] { return all == "a(error)"; })) << all;
}

}  // namespace
