// SPDX-License-Identifier: BSL-1.0
#pragma once
// A listener that never accepts. A client is connected and waits.
//
//   const support::SilentListener silent;
//   auto called = co_await client.call(ctx, client::Request(silent.url()));

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/message/target.hpp"

namespace support {

class SilentListener {
 public:
  SilentListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, where, size), 0);
    EXPECT_EQ(::listen(fd_, 1000), 0);
    EXPECT_EQ(::getsockname(fd_, where, &size), 0);
    url_.host = "127.0.0.1";
    url_.port = ntohs(address.sin_port);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  ~SilentListener() { ::close(fd_); }

  const http::Url& url() const noexcept { return url_; }

 private:
  int fd_;
  http::Url url_;
};

}  // namespace support
