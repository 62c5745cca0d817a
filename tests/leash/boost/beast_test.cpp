// SPDX-License-Identifier: BSL-1.0
// Operations of Boost.Beast under contexts: each of them is composed of many.

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <string>
#include <utility>

#include "leash/scope.hpp"
#include "leash/via.hpp"
#include "tests/support/loop_fixture.hpp"

namespace leash {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using net::ip::tcp;
using Websocket = beast::websocket::stream<tcp::socket>;

Task<Result<>> echo(Context ctx, Websocket* peer) {
  if (const auto accepted = co_await peer->async_accept(via(ctx)); !accepted)
    co_return std::unexpected(accepted.error());
  beast::flat_buffer buffer;
  for (;;) {
    const Result<std::size_t> n = co_await peer->async_read(buffer, via(ctx));
    if (!n) co_return std::unexpected(n.error());
    const Result<std::size_t> w = co_await peer->async_write(buffer.data(), via(ctx));
    if (!w) co_return std::unexpected(w.error());
    buffer.clear();
  }
}

class BeastTest : public testing::LoopFixture {
 protected:
  BeastTest() : server_(io), client_(io) {
    tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
    client_.next_layer().connect(acceptor.local_endpoint());
    acceptor.accept(server_.next_layer());
  }
  // The echo of one text.
  static Task<Result<std::string>> say(Context ctx, Websocket* client, std::string text) {
    const Result<> shaken = co_await client->async_handshake("127.0.0.1", "/", via(ctx));
    if (!shaken) co_return std::unexpected(shaken.error());
    const Result<std::size_t> sent = co_await client->async_write(net::buffer(text), via(ctx));
    if (!sent) co_return std::unexpected(sent.error());
    beast::flat_buffer answer;
    const Result<std::size_t> n = co_await client->async_read(answer, via(ctx));
    if (!n) co_return std::unexpected(n.error());
    co_return beast::buffers_to_string(answer.data());
  }

  Websocket server_;
  Websocket client_;
};

TEST_F(BeastTest, AWebsocketEchoesUntilItIsClosed) {
  std::error_code ended;
  std::string heard;
  start(
      [](Context ctx, Websocket* server, std::error_code* out) -> Task<> {
        const Result<> result = co_await echo(ctx, server);
        *out = result.error();
      },
      &server_, &ended);
  start(
      [](Context ctx, Websocket* client, std::string* out) -> Task<> {
        const Result<std::string> answer = co_await say(ctx, client, "hello");
        *out = answer ? *answer : answer.error().message();
        (void)co_await client->async_close(beast::websocket::close_code::normal, via(ctx));
      },
      &client_, &heard);
  ASSERT_TRUE(eventually([&] { return static_cast<bool>(ended); }));
  EXPECT_EQ(heard, "hello");
  EXPECT_EQ(ended, make_error_code(beast::websocket::error::closed));
}

TEST_F(BeastTest, AReadEndsWithItsContext) {
  auto made = with_cancel(root());
  std::error_code ended;
  start_under(
      made.ctx,
      [](Context ctx, Websocket* server, std::error_code* out) -> Task<> {
        const Result<> result = co_await echo(ctx, server);
        *out = result.error();
      },
      &server_, &ended);
  std::string heard;
  start(
      [](Context ctx, Websocket* client, std::string* out) -> Task<> {
        const Result<std::string> answer = co_await say(ctx, client, "hello");
        *out = answer ? *answer : answer.error().message();
      },
      &client_, &heard);
  ASSERT_TRUE(eventually([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, "hello");
  made.cancel();
  ASSERT_TRUE(eventually([&] { return static_cast<bool>(ended); }));
  EXPECT_EQ(ended, errc::canceled);
}

}  // namespace
}  // namespace leash
