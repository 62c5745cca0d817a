// SPDX-License-Identifier: BSL-1.0
#pragma once
// A TCP connection over 127.0.0.1: the client's end blocks, the server's does not.
//
//   support::Connected ends;
//   ::send(ends.client, ...);
//   worker.adopt(http::server::UniqueFd(std::exchange(ends.accepted, -1)), AF_INET);

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

// The two ends of a TCP connection. Both close when they are destroyed.
struct Connected {
  Connected() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener, where, sizeof address), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(listener, where, &size), 0);
    client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(client, where, size), 0);
    accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT_GE(accepted, 0);
    ::close(listener);
  }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;
  ~Connected() {
    if (client >= 0) ::close(client);
    if (accepted >= 0) ::close(accepted);
  }
  int client = -1;
  int accepted = -1;
};

}  // namespace support
