// SPDX-License-Identifier: BSL-1.0
#pragma once
// While it exists, the kernel notes when bytes arrive at sockets that ask for it. It begins to do so some time after the
// first socket has asked, so the constructor waits for that.
//
//   const support::KernelStamps stamps;

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <ctime>

#include "tests/support/connected.hpp"

namespace support {

class KernelStamps {
 public:
  KernelStamps() {
    const int on = 1;
    EXPECT_EQ(::setsockopt(ends_.client, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    bool stamped = is_stamped();
    while (!stamped && std::chrono::steady_clock::now() < give_up) stamped = is_stamped();
    EXPECT_TRUE(stamped) << "the kernel notes nothing";
  }

 private:
  // Whether a byte that is sent and received has the time of its arrival.
  bool is_stamped() {
    char byte = 'x';
    EXPECT_EQ(::send(ends_.accepted, &byte, 1, 0), 1);
    iovec piece{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    EXPECT_EQ(::recvmsg(ends_.client, &message, 0), 1);
    return CMSG_FIRSTHDR(&message) != nullptr;
  }

  Connected ends_;
};

}  // namespace support
