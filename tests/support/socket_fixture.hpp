// SPDX-License-Identifier: BSL-1.0
#pragma once
// A fixture: a loop, and a connection between a client's file descriptor and a server's socket.
//
//   class InputTest : public support::SocketFixture {};
//   TEST_F(InputTest, ...) { send("hello"); EXPECT_TRUE(eventually([&] { return unread() == "hello"; })); }

#include <asio/ip/tcp.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "http/server/hangup_watch.hpp"
#include "http/server/input.hpp"
#include "tests/support/connected.hpp"
#include "tests/support/loop_fixture.hpp"

namespace support {

class SocketFixture : public leash::testing::LoopFixture {
 protected:
  SocketFixture() : watch(io), socket(io.get_executor()) {
    socket.assign(asio::ip::tcp::v4(), std::exchange(ends_.accepted, -1));
    socket.non_blocking(true);
    http::report_rest(socket);
  }

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The bytes that have arrived at the client.
  std::string received() const {
    std::string all;
    char chunk[65536];
    for (ssize_t n = 0; (n = ::recv(client, chunk, sizeof chunk, MSG_DONTWAIT)) > 0;) {
      all.append(chunk, static_cast<std::size_t>(n));
    }
    return all;
  }
  void close_client() {
    if (client >= 0) ::close(std::exchange(client, -1));
  }
  void reset_client() {
    const linger at_once{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_client();
  }

  http::server::HangupWatch watch;
  http::Socket socket;

 private:
  Connected ends_;

 protected:
  int& client = ends_.client;
};

}  // namespace support
