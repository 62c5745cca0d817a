// SPDX-License-Identifier: BSL-1.0
#pragma once
// Detects that a client has closed its connection while bytes of it wait unread.
//
// What it is     an epoll descriptor with EPOLLRDHUP, which Asio 1.22 does not request; one for all connections of a
//                loop, so that many connections need no further descriptors. A watched connection costs nothing
//                until something happens.
// Requires       a socket is watched by one Watched at a time, and stays open during that time.
// Threads        the loop's thread.
// Lifetime       outlives every Watched; destroyed before its io_context.
//
//   http::server::HangupWatch watch(io);
//   http::server::HangupWatch::Watched watched(watch, socket.native_handle());
//   (void)co_await leash::select(watched.hung_up().wait(), ctx.done());

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include "leash/done.hpp"

namespace http::server {

class HangupWatch {
 public:
  // Throws std::system_error if no descriptor can be created.
  explicit HangupWatch(asio::io_context& io);

  class Watched {
   public:
    Watched(HangupWatch& watch, int socket);
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched();
    // Closes when the client shuts down its sending side, closes or resets the connection, or has done so before the
    // watch began.
    leash::Done hung_up() const { return source_.done(); }

   private:
    friend class HangupWatch;
    HangupWatch& watch_;
    int socket_;
    leash::DoneSource source_;
  };

 private:
  void wait();
  void tell();

  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> epoll_;
};

}  // namespace http::server
