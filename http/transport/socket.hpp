// SPDX-License-Identifier: BSL-1.0
#pragma once
// The socket of a connection, TCP or Unix, and the buffer of its reads.
//
// What it is     Asio tries each read before it waits, so that a connection would make two calls per message: one that
//                reads the message, and one that finds nothing. The kernel reports with each read into a ReadBuffer
//                whether bytes or the end of the peer are left (TCP_INQ). If nothing is left, the reactor is told
//                so, and the next read waits without a call. On request it also reports when bytes arrived.
// Guarantees     `*has_read` is true as soon as a read has found bytes, the end or an error: if it is true right after
//                the read was started, they had arrived before. `*arrived` is when the kernel received the last of
//                the bytes that were read, on the system's clock; the epoch if it does not say.
// Requires       the reactor of Asio is epoll, edge-triggered. reactive_socket_recv_op_base is internal to Asio; it is
//                the same in all versions from 1.22 to 1.30. With other versions reads are plain, and `*has_read` and
//                `*arrived` are not set (`reads_report` is false). For Unix sockets the kernel reports nothing. A reset
//                that comes with the last bytes is not reported as left, and the next read does not find it. A
//                reader that expects more than it has read, and writes nothing before, must look for a reset: by poll()
//                (http/server/input.hpp) or by a read without waiting (client/connection.cpp).
//
//   http::Socket socket(io);
//   http::report_rest(socket);
//   auto n = co_await socket.async_read_some(http::ReadBuffer(data, size), leash::via(ctx));

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/version.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <system_error>

namespace http {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

using ArrivalTime = std::chrono::sys_time<std::chrono::nanoseconds>;

struct ReadBuffer : asio::mutable_buffer {
  ReadBuffer(void* data, std::size_t size, bool* done = nullptr, ArrivalTime* time = nullptr) noexcept
      : asio::mutable_buffer(data, size), has_read(done), arrived(time) {}
  bool* has_read;
  ArrivalTime* arrived;
};

inline constexpr bool reads_report = ASIO_VERSION >= 102200 && ASIO_VERSION < 103100;

// Lets reads report what is left.
inline void report_rest(Socket& socket) noexcept {
  const int on = 1;  // it fails for Unix sockets
  (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INQ, &on, sizeof on);
}

// Lets reads report when bytes arrived.
inline void report_arrivals(Socket& socket) noexcept {
  const int on = 1;  // Unix sockets accept it, and report nothing
  (void)::setsockopt(socket.native_handle(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

// Receives once; `nothing_left` is set if neither bytes nor the end of the client wait.
inline ssize_t receive(int socket, const ReadBuffer& buffer, bool& nothing_left) noexcept {
  iovec piece{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = -1;
  do count = ::recvmsg(socket, &message, 0);
  while (count < 0 && errno == EINTR);
  if (buffer.arrived) *buffer.arrived = {};
  if (count <= 0) return count;
  for (cmsghdr* report = CMSG_FIRSTHDR(&message); report; report = CMSG_NXTHDR(&message, report)) {
    if (report->cmsg_level == IPPROTO_TCP && report->cmsg_type == TCP_CM_INQ) {
      int left = 0;
      std::memcpy(&left, CMSG_DATA(report), sizeof left);
      nothing_left = left == 0;
    } else if (report->cmsg_level == SOL_SOCKET && report->cmsg_type == SCM_TIMESTAMPNS && buffer.arrived) {
      timespec time{};
      std::memcpy(&time, CMSG_DATA(report), sizeof time);
      *buffer.arrived =
          ArrivalTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
    }
  }
  return count;
}

}  // namespace http

#if ASIO_VERSION >= 102200 && ASIO_VERSION < 103100
template <>
class asio::detail::reactive_socket_recv_op_base<http::ReadBuffer> : public reactor_op {
 public:
  reactive_socket_recv_op_base(const std::error_code& success, socket_type socket, socket_ops::state_type,
                               const http::ReadBuffer& buffer, socket_base::message_flags,
                               func_type completion)
      : reactor_op(success, &perform, completion), socket_(socket), buffer_(buffer) {}

 private:
  static status perform(reactor_op* base) {
    auto& op = static_cast<reactive_socket_recv_op_base&>(*base);
    bool nothing_left = false;
    const ssize_t count = http::receive(op.socket_, op.buffer_, nothing_left);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return not_done;
    if (op.buffer_.has_read) *op.buffer_.has_read = true;
    op.bytes_transferred_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    op.ec_ = std::error_code();
    if (count < 0) op.ec_.assign(errno, error::get_system_category());
    if (count == 0) op.ec_ = error::eof;
    return nothing_left || count == 0 ? done_and_exhausted : done;
  }

  socket_type socket_;
  http::ReadBuffer buffer_;
};
#endif
